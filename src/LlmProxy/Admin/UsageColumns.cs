using LlmProxy.Accounting.Reports;

namespace LlmProxy.Admin;

/// <summary>What the reports on usage and costs show, by the names that the contract gives.</summary>
internal static class UsageColumns
{
    public static readonly ReportColumn<UsageSums>[] Sums =
    [
        new("calls", sums => sums.Calls),
        new("successful", sums => sums.Successful),
        new("failed", sums => sums.Failed),
        new("input_tokens", sums => sums.Tokens.FreshInput),
        new("cached_tokens", sums => sums.Tokens.CachedInput),
        new("cache_write_tokens", sums => sums.Tokens.CacheWrite),
        new("output_tokens", sums => sums.Tokens.Output),
        new("reasoning_tokens", sums => sums.Tokens.Reasoning),
        new("total_tokens", sums => sums.Tokens.Total),
        new("cost_usd", sums => Shorten(sums.CostUsd)),
        new("unpriced_calls", sums => sums.Unpriced),
        new("cache_hits", sums => sums.CacheHits),
    ];

    public static readonly ReportColumn<UsageGroup>[] Models =
    [
        new("model", group => $"{group.Provider ?? "none"}/{group.Name ?? "none"}"),
        new("provider", group => group.Provider),
        new("llm", group => group.Name),
        new("total_calls", group => group.Sums.Calls),
        new("successful_calls", group => group.Sums.Successful),
        new("failed_calls", group => group.Sums.Failed),
        new("total_latency_ms", group => group.Sums.LatencyMs),
        new("total_tokens", group => group.Sums.Tokens.Total),
        new("total_cost_usd", group => Shorten(group.Sums.CostUsd)),
        new("unpriced_calls", group => group.Sums.Unpriced),
    ];

    public static readonly ReportColumn<UsageSums>[] Costs =
    [
        new("total_cost", sums => Shorten(sums.CostUsd)),
        new("total_tokens", sums => sums.Tokens.Total),
        new("call_count", sums => sums.Calls),
        new("unpriced_calls", sums => sums.Unpriced),
    ];

    public static readonly ReportColumn<UsageGroup>[] CostsByModel = [new("model", group => group.Name), new("provider", group => group.Provider), .. Of(Costs)];

    public static readonly ReportColumn<UsageGroup>[] CostsByDay = [new("day", group => group.Name), .. Of(Costs)];

    private static readonly ReportColumn<UsageGroup>[][] ByGroup =
        [.. ReportGroups.Names.Select(name => (ReportColumn<UsageGroup>[])[new(name, group => group.Name), .. Of(Sums)])];

    public static ReportColumn<UsageGroup>[] By(ReportGroup group) => ByGroup[(int)group];

    private static IEnumerable<ReportColumn<UsageGroup>> Of(ReportColumn<UsageSums>[] columns) =>
        columns.Select(column => new ReportColumn<UsageGroup>(column.Name, group => column.Read(group.Sums)));

    /// <summary>Without the zeros that a decimal remembers.</summary>
    internal static decimal Shorten(decimal usd) => usd / 1.0000000000000000000000000000m;
}
