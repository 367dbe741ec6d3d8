using LlmProxy.Pipeline;

namespace LlmProxy.Access;

/// <summary>What an operator's wish comes to, given all that the database holds: one thing to write with its line in the trail, or a refusal.</summary>
internal sealed record AccessChange
{
    public GatewayError? Refusal { get; init; }

    /// <summary>New or changed.</summary>
    public StoredKey? Key { get; init; }

    /// <summary>New or changed.</summary>
    public StoredWorkspace? Workspace { get; init; }

    /// <summary>To be forgotten.</summary>
    public StoredWorkspace? Dropped { get; init; }

    public string Action { get; init; } = "";

    public string Subject { get; init; } = "";

    /// <summary>JSON text without secrets.</summary>
    public string? Before { get; init; }

    public string? After { get; init; }

    /// <summary>Already as it is wished.</summary>
    public bool IsNothing => Key is null && Workspace is null && Dropped is null;

    public static AccessChange Refused(GatewayError why) => new() { Refusal = why };
}
