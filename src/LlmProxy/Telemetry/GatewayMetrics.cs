using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Telemetry.Otlp;

namespace LlmProxy.Telemetry;

/// <summary>The gateway's own series. Label values come from configuration and from closed sets, so that no client can make new ones.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "LlmProxy";
    public const string NoLlm = "none";

    private static readonly KeyValuePair<string, object?>[] Statuses = Enumerable.Range(0, 600)
        .Select(status => new KeyValuePair<string, object?>("status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)))
        .ToArray();

    private static readonly KeyValuePair<string, object?> Prompt = new("type", "prompt");
    private static readonly KeyValuePair<string, object?> Completion = new("type", "completion");
    private static readonly KeyValuePair<string, object?> Fresh = new("class", "fresh");
    private static readonly KeyValuePair<string, object?> Cached = new("class", "cached");
    private static readonly KeyValuePair<string, object?> CacheWrite = new("class", "cache_write");
    private static readonly KeyValuePair<string, object?> Reasoning = new("class", "reasoning");

    private readonly ConcurrentDictionary<(string Backend, string Model), LlmTags> _llms = new();
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _tokensDetail;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _overhead;
    private readonly Counter<long> _fallbacks;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _rateLimited;
    private readonly Counter<long> _cacheHits;
    private readonly Histogram<double> _queue;
    private readonly FirstUse? _firstUse;

    /// <param name="firstUse">Holds measurements back until somebody collects them; null: they go straight to the instruments.</param>
    public GatewayMetrics(FirstUse? firstUse = null)
    {
        _firstUse = firstUse;
        None = For(NoLlm, NoLlm);
        _requests = Meter.CreateCounter<long>("llm_requests_total", description: "Calls that ended, by the provider and LLM of the last attempt and the HTTP status.");
        _duration = Seconds("llm_request_duration_seconds", "From a call's first byte to the end of its answer.", Buckets.Calls);
        _tokens = Meter.CreateCounter<long>("llm_tokens_used_total", description: "Tokens used; prompt is all input.");
        _tokensDetail = Meter.CreateCounter<long>("llm_tokens_detail_total", description: "Tokens used by class: the input's three, and reasoning as a part of the output.");
        _errors = Meter.CreateCounter<long>("llm_errors_total", description: "Calls that ended in an error, by the code that the client read.");
        _attempts = Meter.CreateCounter<long>("llm_attempts_total", description: "Single tries at an LLM, by how they ended.");
        _firstToken = Seconds("llm_time_to_first_token_seconds", "From a streamed call's first byte to its first output.", Buckets.FirstToken);
        _overhead = Seconds("llm_gateway_overhead_seconds", "What the gateway itself added to a call.", Buckets.Overhead);
        _fallbacks = Meter.CreateCounter<long>("llm_fallbacks_total", description: "Calls that moved on to another LLM, and why.");
        Meter.CreateObservableGauge("llm_inflight_requests", ObserveRunning, description: "Attempts that are running now.");
        _cost = Meter.CreateCounter<double>("llm_cost_usd_total", description: "What calls cost in US dollars.");
        _rateLimited = Meter.CreateCounter<long>("llm_rate_limited_total", description: "Calls refused by a limit of the gateway.");
        _cacheHits = Meter.CreateCounter<long>("llm_cache_hits_total", description: "Calls answered from the cache, by the provider that answered first.");
        _queue = Seconds("llm_queue_seconds", "How long calls waited for a free place.", Buckets.Calls);
        Instruments = [_requests, _duration, _tokens, _tokensDetail, _errors, _attempts, _firstToken, _overhead, _fallbacks, _cost, _rateLimited, _cacheHits, _queue];
    }

    public Meter Meter { get; } = new(MeterName);

    /// <summary>All but the observed ones, which are never without a value.</summary>
    public IReadOnlyList<Instrument> Instruments { get; }

    /// <summary>The labels of a call that no LLM was asked for.</summary>
    public LlmTags None { get; }

    /// <summary>The labels of the LLMs that are configured now; null: those that were asked for with <see cref="For"/>.</summary>
    public Func<IEnumerable<LlmTags>>? Configured { get; set; }

    /// <summary>Set where measurements leave over OTLP too.</summary>
    public GenAiMetrics? GenAi { get; set; }

    /// <summary>The labels of one LLM: the same object for the same names, so that counts outlive a reload.</summary>
    public LlmTags For(string backend, string model) =>
        _llms.GetOrAdd((backend, model), static names => new LlmTags(names.Backend, names.Model));

    /// <summary>Once per call, whatever its end; <paramref name="llm"/> is that of the last attempt, or <see cref="None"/>.</summary>
    public void CallEnded(LlmTags llm, in CallFigures call)
    {
        if (Held((llm, call), static (metrics, kept) => metrics.CallEnded(kept.llm, kept.call)))
        {
            return;
        }

        _requests.Add(1, llm.BackendTag, llm.ModelTag, Statuses[(uint)call.Status < 600 ? call.Status : 0]);
        _duration.Record(call.Duration.TotalSeconds, llm.BackendTag, llm.ModelTag);
        if (call.FirstToken is { } firstToken)
        {
            _firstToken.Record(firstToken.TotalSeconds, llm.BackendTag, llm.ModelTag);
        }

        if (call.Overhead is { } overhead)
        {
            _overhead.Record(overhead.TotalSeconds);
        }

        if (call.Queued is { } queued)
        {
            _queue.Record(queued.TotalSeconds);
        }

        if (call.Error is { } error)
        {
            _errors.Add(1, llm.BackendTag, new("error_type", error.Wire()));
        }

        AddUsage(llm, call.Usage, call.CostUsd, call.Workspace);
        GenAi?.CallEnded(llm, call);
    }

    /// <summary>What an earlier attempt of a call has used although another LLM gave the answer.</summary>
    public void Used(LlmTags llm, TokenUsage usage, decimal? costUsd, string? workspace)
    {
        if (!Held((llm, usage, costUsd, workspace), static (metrics, kept) => metrics.Used(kept.llm, kept.usage, kept.costUsd, kept.workspace)))
        {
            AddUsage(llm, usage, costUsd, workspace);
        }
    }

    /// <param name="llm">The LLM that was tried.</param>
    /// <param name="outcome">One of the gateway's own words: "success", "timeout", ...</param>
    public void AttemptEnded(LlmTags llm, string outcome)
    {
        if (!Held((llm, outcome), static (metrics, kept) => metrics.AttemptEnded(kept.llm, kept.outcome)))
        {
            _attempts.Add(1, llm.BackendTag, llm.ModelTag, new("outcome", outcome));
        }
    }

    /// <param name="from">The LLM that failed.</param>
    /// <param name="to">The LLM that is asked next.</param>
    /// <param name="reason">One of the gateway's own words, as in the attempts' outcome.</param>
    public void FellBack(LlmTags from, LlmTags to, string reason)
    {
        if (!Held((from, to, reason), static (metrics, kept) => metrics.FellBack(kept.from, kept.to, kept.reason)))
        {
            _fallbacks.Add(1, new("from", from.Model), new("to", to.Model), new("reason", reason));
        }
    }

    /// <param name="reason">Which limit: "requests", "tokens", "parallel", "budget", ...</param>
    public void RateLimited(string reason)
    {
        if (!Held(reason, static (metrics, kept) => metrics.RateLimited(kept)))
        {
            _rateLimited.Add(1, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    public void CacheHit(LlmTags llm)
    {
        if (!Held(llm, static (metrics, kept) => metrics.CacheHit(kept)))
        {
            _cacheHits.Add(1, llm.BackendTag);
        }
    }

    public void Dispose() => Meter.Dispose();

    private bool Held<T>(in T measured, Action<GatewayMetrics, T> record)
    {
        if (_firstUse is not { HasCome: false } firstUse)
        {
            return false;
        }

        Keep(firstUse, measured, record);
        return true;
    }

    /// <summary>Apart from its caller, which would pay for the closure on every call.</summary>
    private void Keep<T>(FirstUse firstUse, T measured, Action<GatewayMetrics, T> record) => firstUse.Keep(() => record(this, measured));

    private void AddUsage(LlmTags llm, TokenUsage usage, decimal? costUsd, string? workspace)
    {
        if (usage.Input > 0)
        {
            _tokens.Add(usage.Input, llm.BackendTag, llm.ModelTag, Prompt);
            AddDetail(usage.FreshInput, llm, Fresh);
            AddDetail(usage.CachedInput, llm, Cached);
            AddDetail(usage.CacheWrite, llm, CacheWrite);
        }

        if (usage.Output > 0)
        {
            _tokens.Add(usage.Output, llm.BackendTag, llm.ModelTag, Completion);
            AddDetail(usage.Reasoning, llm, Reasoning);
        }

        if (costUsd is > 0)
        {
            _cost.Add((double)costUsd.GetValueOrDefault(), llm.BackendTag, llm.ModelTag, new("workspace", workspace ?? NoLlm));
        }
    }

    private void AddDetail(long tokens, LlmTags llm, in KeyValuePair<string, object?> tokenClass)
    {
        if (tokens > 0)
        {
            _tokensDetail.Add(tokens, llm.BackendTag, llm.ModelTag, tokenClass);
        }
    }

    private Histogram<double> Seconds(string name, string description, double[] buckets) =>
        Meter.CreateHistogram(name, unit: "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    private IEnumerable<Measurement<long>> ObserveRunning()
    {
        foreach (LlmTags llm in Configured?.Invoke() ?? _llms.Values)
        {
            if (llm != None)
            {
                yield return new Measurement<long>(llm.Running, llm.BackendTag, llm.ModelTag);
            }
        }
    }
}
