using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace LlmProxy.Telemetry;

/// <summary>How many label sets each series may hold before the SDK sums the rest up under otel_metric_overflow.</summary>
internal static class MetricViews
{
    public const string RuntimeMeter = "System.Runtime";

    /// <summary>LLMs in one process, removed ones included. The SDK reserves some 90 bytes for each label set at once.</summary>
    private const int Llms = 2_500;

    public static MetricStreamConfiguration? For(Instrument instrument, Func<Instrument, bool> isOurs)
    {
        if (instrument.Meter.Name == RuntimeMeter)
        {
            return null;
        }

        return isOurs(instrument)
            ? new MetricStreamConfiguration { CardinalityLimit = LabelSets(instrument.Name) }
            : MetricStreamConfiguration.Drop;
    }

    private static int LabelSets(string name) => name switch
    {
        "llm_requests_total" or "llm_attempts_total" => 12 * Llms, // Statuses, outcomes.
        "llm_tokens_used_total" => 2 * Llms,
        "llm_tokens_detail_total" => 4 * Llms,
        "llm_cost_usd_total" => 6 * Llms, // Workspaces.
        "llm_ledger_pending" or "llm_ledger_dropped_total" or "llm_ledger_rejected_total" => 2,
        "llm_fallbacks_total" => 4 * Llms, // Next LLMs times reasons.
        _ => Llms,
    };
}
