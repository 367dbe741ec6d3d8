namespace LlmProxy.Accounting.Ledger;

/// <summary>The ledger's table in the words of SQL, the same in both databases.</summary>
internal static class CallTable
{
    public const string Name = "llmproxy_calls";

    /// <summary>What a query selects to read <see cref="StoredCall"/>s.</summary>
    public const string Select = """
        cast(id as text) as Id, client_request_id as ClientRequestId, started_at as StartedAt, finished_at as FinishedAt, endpoint as Endpoint,
        key_name as KeyName, workspace as Workspace, end_user as EndUser, requested_model as RequestedModel, llm as Llm, provider as Provider,
        provider_request_id as ProviderRequestId, status as Status, outcome as Outcome, error_code as ErrorCode, attempts as Attempts,
        input_tokens as InputTokens, cached_tokens as CachedTokens, cache_write_tokens as CacheWriteTokens, output_tokens as OutputTokens,
        reasoning_tokens as ReasoningTokens, usage_source as UsageSource, cost_units as CostUnits, ttft_ms as TtftMs, duration_ms as DurationMs,
        overhead_ms as OverheadMs, queue_ms as QueueMs, cache as Cache, stream as Stream, client_gone as ClientGone, tags as Tags
        """;

    /// <summary>Every column, in one order.</summary>
    public static readonly string[] Columns =
    [
        "id", "client_request_id", "started_at", "finished_at", "endpoint", "key_name", "workspace", "end_user", "requested_model", "llm", "provider",
        "provider_request_id", "status", "outcome", "error_code", "attempts", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens",
        "reasoning_tokens", "usage_source", "cost_units", "ttft_ms", "duration_ms", "overhead_ms", "queue_ms", "cache", "stream", "client_gone", "tags",
    ];
}
