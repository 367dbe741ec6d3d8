using System.Collections.Frozen;
using LlmProxy.Configuration.Options;
using LlmProxy.Routing.Registry;

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

    /// <summary>Whether it thinks before it answers; null where only the operator has spoken.</summary>
    public bool? Thinks { get; init; }

    /// <summary>What a call with a longer prompt costs, where the vendor makes a difference and the operator wrote no prices.</summary>
    public LongPromptPrices? LongPrompt { get; init; }

    /// <summary>The day of the shipped facts that stand here, prices' before others'; null where all is the operator's word.</summary>
    public string? AsOf { get; init; }

    /// <summary>
    /// The operator's word first; where it is silent, what the registry knows of the model. A local LLM costs what the
    /// operator says, whatever a vendor takes for the same model.
    /// </summary>
    public static LlmFacts Of(LlmOptions options, string provider, string model, bool isLocal)
    {
        ModelFacts? known = ModelRegistry.FactsOf(provider, model);
        ModelPrices? prices = isLocal ? null : ModelRegistry.PricesOf(provider, model);
        bool saysPrices = options is not { InputPricePerMillion: null, OutputPricePerMillion: null, CachedInputPricePerMillion: null, CacheWritePricePerMillion: null };
        return new LlmFacts
        {
            Capabilities = options.Capabilities.Count > 0 ? options.Capabilities.ToFrozenSet(StringComparer.OrdinalIgnoreCase) : known?.Capabilities ?? FrozenSet<string>.Empty,
            Quality = Said(options.Quality, known?.Quality),
            TypicalLatencyMs = Said(options.TypicalLatencyMs, isLocal ? 0 : known?.TypicalLatencyMs),
            InputPricePerMillion = options.InputPricePerMillion ?? prices?.Input,
            OutputPricePerMillion = options.OutputPricePerMillion ?? prices?.Output,
            CachedInputPricePerMillion = options.CachedInputPricePerMillion ?? prices?.CachedInput,
            CacheWritePricePerMillion = options.CacheWritePricePerMillion ?? prices?.CacheWrite,
            PricePerImage = options.PricePerImage,
            PricePerMinute = options.PricePerMinute,
            PricePerMillionCharacters = options.PricePerMillionCharacters,
            ContextWindow = Said(options.ContextWindow, known?.ContextWindow),
            MaxOutputTokens = Said(options.MaxOutputTokens, known?.MaxOutputTokens),
            Thinks = options.Capabilities.Count > 0 ? null : known?.Thinks,
            LongPrompt = saysPrices ? null : prices?.Long,
            AsOf = prices?.AsOf ?? known?.AsOf,
        };
    }

    private static int Said(int operators, int? known) => operators > 0 ? operators : known ?? 0;
}
