namespace LlmProxy.Accounting.Reports;

/// <summary>One row of the ledger as it is shown. Attempts and tags are JSON text, as they were written.</summary>
internal sealed record CallEntry
{
    public required Guid Id { get; init; }

    public string? ClientRequestId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }

    public required string Endpoint { get; init; }

    public string? Key { get; init; }

    public string? Workspace { get; init; }

    public string? EndUser { get; init; }

    public string? RequestedModel { get; init; }

    public string? Llm { get; init; }

    public string? Provider { get; init; }

    public string? ProviderRequestId { get; init; }

    public int Status { get; init; }

    public required string Outcome { get; init; }

    public string? ErrorCode { get; init; }

    public required string Attempts { get; init; }

    public TokenUsage Tokens { get; init; }

    public required string UsageSource { get; init; }

    public long? CostUnits { get; init; }

    public double? FirstTokenMs { get; init; }

    public double DurationMs { get; init; }

    public double? OverheadMs { get; init; }

    public double? QueueMs { get; init; }

    public required string Cache { get; init; }

    public bool IsStream { get; init; }

    public bool ClientGone { get; init; }

    public required string Tags { get; init; }
}
