using LlmProxy.Pipeline;

namespace LlmProxy.Accounting;

/// <summary>
/// What is written down about one call, once: the journal, the ledger, the log line and the span all say this. Never holds a
/// prompt, an answer or a credential.
/// </summary>
internal sealed record CallRow
{
    public required string Id { get; init; }

    /// <summary>The same as a number, where it is at hand.</summary>
    public Guid? CallId { get; init; }

    public DateTimeOffset StartedAt { get; init; }

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

    /// <summary>Each attempt and how it ended.</summary>
    public IReadOnlyList<AttemptRecord> Tries { get; init; } = [];

    /// <summary>Why the first choice did not answer.</summary>
    public string? Fallback { get; init; }

    /// <summary>"success", "client_gone", ... as in the ledger.</summary>
    public string? Outcome { get; init; }

    /// <summary>As on the wire.</summary>
    public string? ErrorCode { get; init; }

    public TokenUsage Usage { get; init; }

    /// <summary>"reported", "drained", "estimated" or "none".</summary>
    public string? UsageSource { get; init; }

    public decimal? CostUsd { get; init; }

    public TimeSpan? FirstToken { get; init; }

    public TimeSpan? Overhead { get; init; }

    public TimeSpan? Queued { get; init; }

    /// <summary>"hit", "semantic", ...; null or "miss" or "bypass" where the cache gave nothing.</summary>
    public string? Cache { get; init; }

    public bool IsStream { get; init; }

    public bool ClientGone { get; init; }

    /// <summary>The key's and the request's tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}
