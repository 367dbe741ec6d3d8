namespace LlmProxy.Providers.Anthropic;

/// <summary>How a host of Claude differs from Anthropic's own address; the defaults are Anthropic's own.</summary>
internal sealed record AnthropicDialect
{
    public static readonly AnthropicDialect Own = new();

    /// <summary>Written into the body as anthropic_version, where the host wants it there and not as a header ("vertex-2023-10-16").</summary>
    public string? VersionInBody { get; init; }

    /// <summary>Whether the body names the model; else the address does.</summary>
    public bool NamesModel { get; init; } = true;

    /// <summary>Whether the host fetches images and documents by their address; else it is handed the bytes.</summary>
    public bool ReadsAddresses { get; init; } = true;

    /// <summary>Whether the host knows output_config.format and strict tools.</summary>
    public bool HasSchemas { get; init; } = true;

    /// <summary>Path and query below the base address for a model's messages: model, whether a stream is asked for, whether its answer is only to be counted.</summary>
    public Func<string, bool, bool, string> PathFor { get; init; } = static (_, _, isCount) => isCount ? "v1/messages/count_tokens" : "v1/messages";
}
