using System.Collections.Frozen;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Routing;

/// <summary>What is known about one model at one LLM: what it can do, what it costs, how good and how fast it is. 0 and null: not known.</summary>
internal sealed record LlmFacts
{
    /// <summary>Empty: nobody has said what it can do, which is not the same as nothing.</summary>
    public FrozenSet<string> Capabilities { get; init; } = FrozenSet<string>.Empty;

    public int Quality { get; init; }

    public int TypicalLatencyMs { get; init; }

    public decimal? InputPricePerMillion { get; init; }

    public decimal? OutputPricePerMillion { get; init; }

    public decimal? CachedInputPricePerMillion { get; init; }

    public decimal? CacheWritePricePerMillion { get; init; }

    public decimal? PricePerImage { get; init; }

    public decimal? PricePerMinute { get; init; }

    public decimal? PricePerMillionCharacters { get; init; }

    public int ContextWindow { get; init; }

    public int MaxOutputTokens { get; init; }

    /// <summary>Whether the price of a call can be said at all.</summary>
    public bool IsPriced => InputPricePerMillion is not null || OutputPricePerMillion is not null;

    /// <summary>The operator's word first; where it is silent, what the registry knows of the model.</summary>
    public static LlmFacts Of(LlmOptions options, string provider, string model, bool isLocal) => new()
    {
        Capabilities = options.Capabilities.ToFrozenSet(StringComparer.OrdinalIgnoreCase),
        Quality = options.Quality,
        TypicalLatencyMs = options.TypicalLatencyMs,
        InputPricePerMillion = options.InputPricePerMillion,
        OutputPricePerMillion = options.OutputPricePerMillion,
        CachedInputPricePerMillion = options.CachedInputPricePerMillion,
        CacheWritePricePerMillion = options.CacheWritePricePerMillion,
        PricePerImage = options.PricePerImage,
        PricePerMinute = options.PricePerMinute,
        PricePerMillionCharacters = options.PricePerMillionCharacters,
        ContextWindow = options.ContextWindow,
        MaxOutputTokens = options.MaxOutputTokens,
    };
}
