using LlmProxy.Accounting;

namespace LlmProxy.Telemetry.Logs;

/// <summary>What the log says about one call when it has ended. Never holds a prompt, an answer or a credential.</summary>
internal sealed record RequestSummary
{
    public required string Id { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>"chat", "embeddings", ...</summary>
    public required string Endpoint { get; init; }

    public required int Status { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>The id that the client gave its call.</summary>
    public string? ClientRequestId { get; init; }

    /// <summary>The virtual key's name.</summary>
    public string? Key { get; init; }

    public string? Workspace { get; init; }

    public string? EndUser { get; init; }

    /// <summary>What the client wrote, in its own letters.</summary>
    public string? RequestedModel { get; init; }

    /// <summary>The LLM's name; null when none was asked.</summary>
    public string? Llm { get; init; }

    public string? Provider { get; init; }

    public string? ProviderRequestId { get; init; }

    public int Attempts { get; init; }

    /// <summary>Why the first choice did not answer.</summary>
    public string? Fallback { get; init; }

    /// <summary>"success", "client_gone", ... as in the ledger.</summary>
    public string? Outcome { get; init; }

    /// <summary>As on the wire.</summary>
    public string? ErrorCode { get; init; }

    public TokenUsage Usage { get; init; }

    /// <summary>"reported", "estimated", ...</summary>
    public string? UsageSource { get; init; }

    public decimal? CostUsd { get; init; }

    public TimeSpan? FirstToken { get; init; }

    public TimeSpan? Overhead { get; init; }

    public TimeSpan? Queued { get; init; }

    /// <summary>"hit", "semantic", ...; null or "miss" or "bypass" where the cache gave nothing.</summary>
    public string? Cache { get; init; }

    public bool IsStream { get; init; }

    public bool ClientGone { get; init; }
}
