using LlmProxy.Routing;
using LlmProxy.Routing.Registry;

namespace LlmProxy.Accounting;

/// <summary>What tokens cost at one LLM.</summary>
internal static class PriceBook
{
    private const decimal PerMillion = 0.000001m;

    /// <summary>Null while the price is unknown; a local LLM without price costs nothing.</summary>
    public static decimal? Cost(LlmFacts llm, bool isLocal, in TokenUsage usage)
    {
        if (!llm.IsPriced)
        {
            return isLocal ? 0m : null;
        }

        LongPromptPrices? tier = llm.LongPrompt is { } longer && usage.FreshInput + usage.CachedInput + usage.CacheWrite > longer.AboveTokens ? longer : null;
        decimal input = tier?.Input ?? llm.InputPricePerMillion ?? 0m;
        decimal output = tier?.Output ?? llm.OutputPricePerMillion ?? 0m;
        decimal sum = (usage.FreshInput * input) + (usage.Output * output);
        if ((usage.CachedInput | usage.CacheWrite) != 0)
        {
            decimal cached = tier is null ? llm.CachedInputPricePerMillion ?? input : tier.CachedInput ?? input;
            decimal written = tier is null ? llm.CacheWritePricePerMillion ?? input : tier.CacheWrite ?? input;
            sum += (usage.CachedInput * cached) + (usage.CacheWrite * written);
        }

        return sum * PerMillion;
    }
}
