using LlmProxy.Accounting.Journal;
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

    /// <summary>Rows of a batch as objects.</summary>
    public static StoredCall[] Of(RowBatch rows, ReadOnlySpan<int> picked)
    {
        using var lists = new CallListWriter();
        var calls = new StoredCall[picked.Length];
        for (int i = 0; i < calls.Length; i++)
        {
            calls[i] = Of(new CallFields(rows[picked[i]]), lists);
        }

        return calls;
    }

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

    private static StoredCall Of(in CallFields row, CallListWriter lists)
    {
        lists.Write(row);
        return new StoredCall
        {
            Id = row.Id.ToString(),
            ClientRequestId = row.ClientRequestId.Text(),
            StartedAt = new DateTimeOffset(row.StartedTicks == 0 ? row.FinishedTicks - row.DurationTicks : row.StartedTicks, TimeSpan.Zero),
            FinishedAt = new DateTimeOffset(row.FinishedTicks, TimeSpan.Zero),
            Endpoint = row.Endpoint.Text() ?? "",
            KeyName = row.Key.Text(),
            Workspace = row.Workspace.Text(),
            EndUser = row.EndUser.Text(),
            RequestedModel = row.RequestedModel.Text(),
            Llm = row.Llm.Text(),
            Provider = row.Provider.Text(),
            ProviderRequestId = row.ProviderRequestId.Text(),
            Status = row.Status,
            Outcome = row.Outcome.Text() ?? CallOutcome.Interrupted,
            ErrorCode = row.ErrorCode.Text(),
            Attempts = lists.Tries.Text()!,
            InputTokens = row.Usage.FreshInput,
            CachedTokens = row.Usage.CachedInput,
            CacheWriteTokens = row.Usage.CacheWrite,
            OutputTokens = row.Usage.Output,
            ReasoningTokens = row.Usage.Reasoning,
            UsageSource = row.UsageSource.Text() ?? Accounting.UsageSource.None,
            CostUnits = Money.ToUnits(row.CostUsd),
            TtftMs = Ms(row.FirstTokenTicks),
            DurationMs = new TimeSpan(row.DurationTicks).TotalMilliseconds,
            OverheadMs = Ms(row.OverheadTicks),
            QueueMs = Ms(row.QueuedTicks),
            Cache = row.Cache.Text() ?? "bypass",
            Stream = row.IsStream,
            ClientGone = row.ClientGone,
            Tags = lists.Tags.Text()!,
        };
    }

    private static double? Ms(long? ticks) => ticks is { } known ? new TimeSpan(known).TotalMilliseconds : null;

    private static TimeSpan? Span(double? ms) => ms is { } known ? TimeSpan.FromMilliseconds(known) : null;
}
