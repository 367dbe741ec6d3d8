using LlmProxy.Routing;

namespace LlmProxy.Accounting;

/// <summary>What tokens cost at one LLM.</summary>
internal static class PriceBook
{
    private const decimal Million = 1_000_000m;

    /// <summary>Null while the price is unknown; a local LLM without price costs nothing.</summary>
    public static decimal? Cost(LlmFacts llm, bool isLocal, in TokenUsage usage)
    {
        if (!llm.IsPriced)
        {
            return isLocal ? 0m : null;
        }

        decimal input = llm.InputPricePerMillion ?? 0m;
        decimal output = llm.OutputPricePerMillion ?? 0m;
        return ((usage.FreshInput * input)
            + (usage.CachedInput * (llm.CachedInputPricePerMillion ?? input))
            + (usage.CacheWrite * (llm.CacheWritePricePerMillion ?? input))
            + (usage.Output * output)) / Million;
    }
}
