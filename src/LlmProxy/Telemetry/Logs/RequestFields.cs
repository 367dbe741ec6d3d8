using LlmProxy.Accounting;

namespace LlmProxy.Telemetry.Logs;

/// <summary>Takes a call's fields one by one, by their names in the ledger.</summary>
internal interface IFieldSink
{
    void Add(ReadOnlySpan<byte> name, string value);

    void Add(ReadOnlySpan<byte> name, long value);

    void Add(ReadOnlySpan<byte> name, decimal value);

    void Add(ReadOnlySpan<byte> name, bool value);

    /// <summary>In milliseconds.</summary>
    void Add(ReadOnlySpan<byte> name, TimeSpan value);
}

/// <summary>The one list of what is said about a call. What is not known is left out.</summary>
internal static class RequestFields
{
    public static void Tell<TSink>(CallRow call, ref TSink sink)
        where TSink : struct, IFieldSink
    {
        sink.Add("id"u8, call.Id);
        AddIfKnown(ref sink, "client_request_id"u8, call.ClientRequestId);
        sink.Add("endpoint"u8, call.Endpoint);
        AddIfKnown(ref sink, "key"u8, call.Key);
        AddIfKnown(ref sink, "workspace"u8, call.Workspace);
        AddIfKnown(ref sink, "end_user"u8, call.EndUser);
        AddIfKnown(ref sink, "requested_model"u8, call.RequestedModel);
        AddIfKnown(ref sink, "llm"u8, call.Llm);
        AddIfKnown(ref sink, "provider"u8, call.Provider);
        AddIfKnown(ref sink, "provider_request_id"u8, call.ProviderRequestId);
        sink.Add("status"u8, call.Status);
        AddIfKnown(ref sink, "outcome"u8, call.Outcome);
        AddIfKnown(ref sink, "error_code"u8, call.ErrorCode);
        sink.Add("attempts"u8, call.Attempts);
        AddIfKnown(ref sink, "fallback"u8, call.Fallback);
        sink.Add("input_tokens"u8, call.Usage.FreshInput);
        sink.Add("cached_tokens"u8, call.Usage.CachedInput);
        sink.Add("cache_write_tokens"u8, call.Usage.CacheWrite);
        sink.Add("output_tokens"u8, call.Usage.Output);
        sink.Add("reasoning_tokens"u8, call.Usage.Reasoning);
        AddIfKnown(ref sink, "usage_source"u8, call.UsageSource);
        if (call.CostUsd is { } cost)
        {
            sink.Add("cost_usd"u8, cost);
        }

        AddIfKnown(ref sink, "ttft_ms"u8, call.FirstToken);
        sink.Add("duration_ms"u8, call.Duration);
        AddIfKnown(ref sink, "overhead_ms"u8, call.Overhead);
        AddIfKnown(ref sink, "queue_ms"u8, call.Queued);
        AddIfKnown(ref sink, "cache"u8, call.Cache);
        sink.Add("stream"u8, call.IsStream);
        sink.Add("client_gone"u8, call.ClientGone);
    }

    private static void AddIfKnown<TSink>(ref TSink sink, ReadOnlySpan<byte> name, string? value)
        where TSink : struct, IFieldSink
    {
        if (value is not null)
        {
            sink.Add(name, value);
        }
    }

    private static void AddIfKnown<TSink>(ref TSink sink, ReadOnlySpan<byte> name, TimeSpan? value)
        where TSink : struct, IFieldSink
    {
        if (value is { } known)
        {
            sink.Add(name, known);
        }
    }
}
