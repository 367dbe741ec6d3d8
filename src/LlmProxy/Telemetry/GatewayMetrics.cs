using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Telemetry.Otlp;

namespace LlmProxy.Telemetry;

/// <summary>The gateway's own series. Label values come from configuration and from closed sets, so that no client can make new ones.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "LlmProxy";
    public const string NoLlm = "none";

    private static readonly string[] Statuses = [.. Enumerable.Range(0, 600).Select(status => status.ToString(CultureInfo.InvariantCulture))];

    private readonly ConcurrentDictionary<(string Backend, string Model), LlmCounts> _llms = new();
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _errors;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _overhead;
    private readonly Counter<long> _fallbacks;
    private readonly Counter<long> _rateLimited;
    private readonly Histogram<double> _queue;
    private readonly FirstUse? _firstUse;

    /// <param name="firstUse">Holds measurements back until somebody collects them; null: they go straight to the instruments.</param>
    public GatewayMetrics(FirstUse? firstUse = null)
    {
        _firstUse = firstUse;
        None = For(NoLlm, NoLlm);
        LlmCounters counters = new(Meter, () => _llms.Values);
        Instruments =
        [
            counters.Requests(),
            _duration = Seconds("llm_request_duration_seconds", "From a call's first byte to the end of its answer.", Buckets.Calls),
            counters.Tokens(),
            counters.TokensDetail(),
            _errors = Meter.CreateCounter<long>("llm_errors_total", description: "Calls that ended in an error, by the code that the client read."),
            counters.Attempts(),
            _firstToken = Seconds("llm_time_to_first_token_seconds", "From a streamed call's first byte to its first output.", Buckets.FirstToken),
            _overhead = Seconds("llm_gateway_overhead_seconds", "What the gateway itself added to a call.", Buckets.Overhead),
            _fallbacks = Meter.CreateCounter<long>("llm_fallbacks_total", description: "Calls that moved on to another LLM, and why."),
            counters.Cost(),
            _rateLimited = Meter.CreateCounter<long>("llm_rate_limited_total", description: "Calls refused by a limit of the gateway."),
            counters.CacheHits(),
            _queue = Seconds("llm_queue_seconds", "How long calls waited for a free place.", Buckets.Calls),
        ];
        Meter.CreateObservableGauge("llm_inflight_requests", ObserveRunning, description: "Attempts that are running now.");
    }

    public Meter Meter { get; } = new(MeterName);

    /// <summary>Those that say nothing before something was counted.</summary>
    public IReadOnlyList<Instrument> Instruments { get; }

    /// <summary>The labels of a call that no LLM was asked for.</summary>
    public LlmTags None { get; }

    /// <summary>The labels of the LLMs that are configured now; null: those that were asked for with <see cref="For"/>.</summary>
    public Func<IEnumerable<LlmTags>>? Configured { get; set; }

    /// <summary>Set where measurements leave over OTLP too.</summary>
    public GenAiMetrics? GenAi { get; set; }

    /// <summary>The labels of one LLM: the same object for the same names.</summary>
    public LlmTags For(string backend, string model) =>
        _llms.GetOrAdd((backend, model), static names => new LlmCounts(new LlmTags(names.Backend, names.Model))).Labels;

    /// <summary>Once per call, whatever its end; <paramref name="llm"/> is that of the last attempt, or <see cref="None"/>.</summary>
    public void CallEnded(LlmTags llm, in CallFigures call)
    {
        CountsOf(llm).Requests[Statuses[(uint)call.Status < 600 ? call.Status : 0]].Add(1);
        Used(llm, call.Usage, call.CostUsd, call.Workspace);
        if (!Held((llm, call), static (metrics, kept) => metrics.Record(kept.llm, kept.call)))
        {
            Record(llm, call);
        }
    }

    /// <summary>What a call has used, or an earlier attempt of it although another LLM gave the answer.</summary>
    public void Used(LlmTags llm, TokenUsage usage, decimal? costUsd, string? workspace)
    {
        LlmCounts counts = CountsOf(llm);
        if (usage.Input > 0)
        {
            counts.Prompt.Add(usage.Input);
            counts.Fresh.Add(usage.FreshInput);
            counts.Cached.Add(usage.CachedInput);
            counts.CacheWrite.Add(usage.CacheWrite);
        }

        if (usage.Output > 0)
        {
            counts.Completion.Add(usage.Output);
            counts.Reasoning.Add(usage.Reasoning);
        }

        if (costUsd is > 0)
        {
            counts.Cost[workspace ?? NoLlm].Add((double)costUsd.GetValueOrDefault());
        }
    }

    /// <param name="llm">The LLM that was tried.</param>
    /// <param name="outcome">One of the gateway's own words: "success", "timeout", ...</param>
    public void AttemptEnded(LlmTags llm, string outcome) => CountsOf(llm).Attempts[outcome].Add(1);

    public void CacheHit(LlmTags llm) => CountsOf(llm).CacheHits.Add(1);

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

    public void Dispose() => Meter.Dispose();

    /// <summary>By the names, not by the object: an LLM that is configured anew goes on where it was.</summary>
    private LlmCounts CountsOf(LlmTags llm) =>
        llm.Counts ??= _llms.GetOrAdd((llm.Backend, llm.Model), static (_, llm) => new LlmCounts(llm), llm);

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

    private void Record(LlmTags llm, in CallFigures call)
    {
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

        GenAi?.CallEnded(llm, call);
    }

    private Histogram<double> Seconds(string name, string description, double[] buckets) =>
        Meter.CreateHistogram(name, unit: "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    private IEnumerable<Measurement<long>> ObserveRunning()
    {
        foreach (LlmTags llm in Configured?.Invoke() ?? _llms.Values.Select(static llm => llm.Labels))
        {
            if (llm != None)
            {
                yield return new Measurement<long>(llm.Running, llm.BackendTag, llm.ModelTag);
            }
        }
    }
}
