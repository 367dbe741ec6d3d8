using LlmProxy.Pipeline;

namespace LlmProxy.Accounting.Ledger;

/// <summary>One row of the ledger as Dapper reads it, and as <see cref="CallTable"/> writes it.</summary>
internal sealed class StoredCall
{
    public string Id { get; init; } = "";

    public string? ClientRequestId { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset FinishedAt { get; init; }

    public string Endpoint { get; init; } = "";

    public string? KeyName { get; init; }

    public string? Workspace { get; init; }

    public string? EndUser { get; init; }

    public string? RequestedModel { get; init; }

    public string? Llm { get; init; }

    public string? Provider { get; init; }

    public string? ProviderRequestId { get; init; }

    public int Status { get; init; }

    public string Outcome { get; init; } = "";

    public string? ErrorCode { get; init; }

    /// <summary>JSON: an array of llm, provider, outcome, ms.</summary>
    public string Attempts { get; init; } = "[]";

    public long InputTokens { get; init; }

    public long CachedTokens { get; init; }

    public long CacheWriteTokens { get; init; }

    public long OutputTokens { get; init; }

    public long ReasoningTokens { get; init; }

    public string UsageSource { get; init; } = "";

    /// <summary>In <see cref="Money"/>'s units; null: the price was not known.</summary>
    public long? CostUnits { get; init; }

    public double? TtftMs { get; init; }

    public double DurationMs { get; init; }

    public double? OverheadMs { get; init; }

    public double? QueueMs { get; init; }

    public string Cache { get; init; } = "";

    public bool Stream { get; init; }

    public bool ClientGone { get; init; }

    /// <summary>JSON: an array of strings.</summary>
    public string Tags { get; init; } = "[]";

    public static StoredCall Of(CallRow row) => new()
    {
        Id = row.Id,
        ClientRequestId = row.ClientRequestId,
        StartedAt = row.StartedAt == default ? row.FinishedAt - row.Duration : row.StartedAt,
        FinishedAt = row.FinishedAt,
        Endpoint = row.Endpoint,
        KeyName = row.Key,
        Workspace = row.Workspace,
        EndUser = row.EndUser,
        RequestedModel = row.RequestedModel,
        Llm = row.Llm,
        Provider = row.Provider,
        ProviderRequestId = row.ProviderRequestId,
        Status = row.Status,
        Outcome = row.Outcome ?? CallOutcome.Interrupted,
        ErrorCode = row.ErrorCode,
        Attempts = CallLists.WriteTries(row.Tries),
        InputTokens = row.Usage.FreshInput,
        CachedTokens = row.Usage.CachedInput,
        CacheWriteTokens = row.Usage.CacheWrite,
        OutputTokens = row.Usage.Output,
        ReasoningTokens = row.Usage.Reasoning,
        UsageSource = row.UsageSource ?? Accounting.UsageSource.None,
        CostUnits = Money.ToUnits(row.CostUsd),
        TtftMs = row.FirstToken?.TotalMilliseconds,
        DurationMs = row.Duration.TotalMilliseconds,
        OverheadMs = row.Overhead?.TotalMilliseconds,
        QueueMs = row.Queued?.TotalMilliseconds,
        Cache = row.Cache ?? "bypass",
        Stream = row.IsStream,
        ClientGone = row.ClientGone,
        Tags = CallLists.WriteTags(row.Tags),
    };

    public CallRow ToRow()
    {
        IReadOnlyList<AttemptRecord> tries = CallLists.ReadTries(Attempts);
        return new CallRow
        {
            Id = Id,
            ClientRequestId = ClientRequestId,
            StartedAt = StartedAt,
            FinishedAt = FinishedAt,
            Endpoint = Endpoint,
            Key = KeyName,
            Workspace = Workspace,
            EndUser = EndUser,
            RequestedModel = RequestedModel,
            Llm = Llm,
            Provider = Provider,
            ProviderRequestId = ProviderRequestId,
            Status = Status,
            Outcome = Outcome,
            ErrorCode = ErrorCode,
            Attempts = tries.Count,
            Tries = tries,
            Usage = new TokenUsage(InputTokens, CachedTokens, CacheWriteTokens, OutputTokens, ReasoningTokens),
            UsageSource = UsageSource,
            CostUsd = CostUnits is { } units ? Money.ToUsd(units) : null,
            FirstToken = Span(TtftMs),
            Duration = TimeSpan.FromMilliseconds(DurationMs),
            Overhead = Span(OverheadMs),
            Queued = Span(QueueMs),
            Cache = Cache,
            IsStream = Stream,
            ClientGone = ClientGone,
            Tags = CallLists.ReadTags(Tags),
        };
    }

    private static TimeSpan? Span(double? ms) => ms is { } known ? TimeSpan.FromMilliseconds(known) : null;
}
