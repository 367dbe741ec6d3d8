namespace LlmProxy.Providers.Gemini;

/// <summary>How the two addresses of the same dialect differ: Google's developer API and its cloud.</summary>
internal sealed record GoogleApi
{
    public static readonly GoogleApi Developer = new();

    public static readonly GoogleApi Cloud = new() { IsCloud = true };

    public bool IsCloud { get; private init; }

    /// <summary>Whether calls and results carry ids; the cloud's v1 knows them by name and order.</summary>
    public bool HasCallIds => !IsCloud;
}
