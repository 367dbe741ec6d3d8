using System.Diagnostics.Metrics;

namespace LlmProxy.Telemetry;

/// <summary>Shows whoever collects what each LLM has counted. An LLM that is no longer configured keeps what it had.</summary>
internal sealed class LlmCounters(Meter meter, Func<IEnumerable<LlmCounts>> llms)
{
    private static readonly KeyValuePair<string, object?> Prompt = new("type", "prompt");
    private static readonly KeyValuePair<string, object?> Completion = new("type", "completion");
    private static readonly KeyValuePair<string, object?> Fresh = new("class", "fresh");
    private static readonly KeyValuePair<string, object?> Cached = new("class", "cached");
    private static readonly KeyValuePair<string, object?> CacheWrite = new("class", "cache_write");
    private static readonly KeyValuePair<string, object?> Reasoning = new("class", "reasoning");

    public Instrument Requests() => meter.CreateObservableCounter(
        "llm_requests_total",
        () => ByLabel(counts => counts.Requests),
        description: "Calls that ended, by the provider and LLM of the last attempt and the HTTP status.");

    public Instrument Attempts() => meter.CreateObservableCounter(
        "llm_attempts_total", () => ByLabel(counts => counts.Attempts), description: "Single tries at an LLM, by how they ended.");

    public Instrument Tokens() => meter.CreateObservableCounter("llm_tokens_used_total", ObserveTokens, description: "Tokens used; prompt is all input.");

    public Instrument TokensDetail() => meter.CreateObservableCounter(
        "llm_tokens_detail_total", ObserveDetail, description: "Tokens used by class: the input's three, and reasoning as a part of the output.");

    public Instrument Cost() => meter.CreateObservableCounter("llm_cost_usd_total", ObserveCost, description: "What calls cost in US dollars.");

    public Instrument CacheHits() => meter.CreateObservableCounter(
        "llm_cache_hits_total", ObserveCacheHits, description: "Calls answered from the cache, by the provider that answered first.");

    private IEnumerable<Measurement<long>> ByLabel(Func<LlmCounts, CountsByLabel<Count>> series)
    {
        foreach (LlmCounts llm in llms())
        {
            foreach ((KeyValuePair<string, object?> tag, Count count) in series(llm).All)
            {
                yield return new Measurement<long>(count.Value, llm.Labels.BackendTag, llm.Labels.ModelTag, tag);
            }
        }
    }

    private IEnumerable<Measurement<double>> ObserveCost()
    {
        foreach (LlmCounts llm in llms())
        {
            foreach ((KeyValuePair<string, object?> tag, Sum sum) in llm.Cost.All)
            {
                yield return new Measurement<double>(sum.Value, llm.Labels.BackendTag, llm.Labels.ModelTag, tag);
            }
        }
    }

    private IEnumerable<Measurement<long>> ObserveTokens() => Known(static llm => [(llm.Prompt, Prompt), (llm.Completion, Completion)]);

    private IEnumerable<Measurement<long>> ObserveDetail() => Known(static llm =>
        [(llm.Fresh, Fresh), (llm.Cached, Cached), (llm.CacheWrite, CacheWrite), (llm.Reasoning, Reasoning)]);

    private IEnumerable<Measurement<long>> ObserveCacheHits() => llms()
        .Where(static llm => llm.CacheHits.Value > 0)
        .GroupBy(static llm => llm.Labels.Backend, StringComparer.Ordinal)
        .Select(static backend => new Measurement<long>(backend.Sum(llm => llm.CacheHits.Value), backend.First().Labels.BackendTag));

    /// <summary>What has never been counted is no series.</summary>
    private IEnumerable<Measurement<long>> Known(Func<LlmCounts, (Count Count, KeyValuePair<string, object?> Tag)[]> countsOf)
    {
        foreach (LlmCounts llm in llms())
        {
            foreach ((Count count, KeyValuePair<string, object?> tag) in countsOf(llm))
            {
                if (count.Value is > 0 and long value)
                {
                    yield return new Measurement<long>(value, llm.Labels.BackendTag, llm.Labels.ModelTag, tag);
                }
            }
        }
    }
}
