namespace LlmProxy.Accounting.Reports;

/// <summary>What a group of calls used and cost together. The cost is that of the calls whose price is known.</summary>
internal readonly record struct UsageSums
{
    public long Calls { get; init; }

    public long Successful { get; init; }

    /// <summary>All that did not end in success, whoever's fault it was.</summary>
    public long Failed => Calls - Successful;

    /// <summary>Calls that used something whose price nobody knows.</summary>
    public long Unpriced { get; init; }

    public long CacheHits { get; init; }

    public TokenUsage Tokens { get; init; }

    public decimal CostUsd { get; init; }

    public double LatencyMs { get; init; }

    public UsageSums Plus(in UsageSums other) => new()
    {
        Calls = Calls + other.Calls,
        Successful = Successful + other.Successful,
        Unpriced = Unpriced + other.Unpriced,
        CacheHits = CacheHits + other.CacheHits,
        Tokens = Tokens.Plus(other.Tokens),
        CostUsd = CostUsd + other.CostUsd,
        LatencyMs = LatencyMs + other.LatencyMs,
    };
}

/// <summary>The calls that have one thing in common: a model, a key, a day.</summary>
/// <param name="Name">Null: the calls that have none, as those without an end user.</param>
/// <param name="Provider">Only where calls are grouped by provider and model.</param>
internal sealed record UsageGroup(string? Name, string? Provider, UsageSums Sums);
