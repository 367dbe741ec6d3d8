using System.Collections.Frozen;

namespace LlmProxy.Routing.Registry;

/// <summary>What the shipped file says of one model, wherever it runs. 0: it does not say.</summary>
internal sealed record ModelFacts
{
    public FrozenSet<string> Capabilities { get; init; } = FrozenSet<string>.Empty;

    public int Quality { get; init; }

    public int TypicalLatencyMs { get; init; }

    public int ContextWindow { get; init; }

    public int MaxOutputTokens { get; init; }

    /// <summary>It thinks before it answers; others may reason well too.</summary>
    public bool Thinks { get; init; }

    /// <summary>The day on which this was known to be so: "2026-07-02".</summary>
    public required string AsOf { get; init; }
}

/// <summary>What one vendor takes for one model, in USD per million tokens. Null: not known, or it has no such price.</summary>
internal sealed record ModelPrices
{
    public decimal? Input { get; init; }

    public decimal? Output { get; init; }

    public decimal? CachedInput { get; init; }

    public decimal? CacheWrite { get; init; }

    /// <summary>What a call costs whose prompt is longer than that; null where length makes no difference.</summary>
    public LongPromptPrices? Long { get; init; }

    public required string AsOf { get; init; }
}

/// <summary>The prices of a whole call whose prompt has more tokens than the bound.</summary>
internal sealed record LongPromptPrices(long AboveTokens, decimal? Input, decimal? Output, decimal? CachedInput, decimal? CacheWrite);
