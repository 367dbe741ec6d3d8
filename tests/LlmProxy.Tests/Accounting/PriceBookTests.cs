using LlmProxy.Accounting;
using LlmProxy.Routing;
using LlmProxy.Routing.Registry;

namespace LlmProxy.Tests.Accounting;

public sealed class PriceBookTests
{
    private static readonly LlmFacts Priced = new() { InputPricePerMillion = 2, OutputPricePerMillion = 10, CachedInputPricePerMillion = 0.5m, CacheWritePricePerMillion = 2.5m };

    [Fact]
    public void Cost_EachClassOfTokens_HasItsPrice() =>
        Assert.Equal(2m + 0.5m + 2.5m + 10m, PriceBook.Cost(Priced, isLocal: false, new TokenUsage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 500_000)));

    [Fact]
    public void Cost_CacheWithoutAPrice_CostsAsInput() =>
        Assert.Equal(6m, PriceBook.Cost(new LlmFacts { InputPricePerMillion = 2 }, isLocal: false, new TokenUsage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 0)));

    [Fact]
    public void Cost_PriceUnknown_IsUnknownOutsideAndNothingInTheHouse()
    {
        var usage = new TokenUsage(10, 0, 0, 10, 0);

        Assert.Null(PriceBook.Cost(new LlmFacts(), isLocal: false, usage));
        Assert.Equal(0m, PriceBook.Cost(new LlmFacts(), isLocal: true, usage));
    }

    [Theory]
    [InlineData(150_000, 50_000, 0.2 * 2 + 0.5)] // At the bound: cached tokens count, and cost the same here.
    [InlineData(150_000, 50_001, 0.2 * 5 + 0.05 * 20 + 0.000005)]
    public void Cost_LongPrompt_IsChargedWholly(long fresh, long cached, double expected)
    {
        LlmFacts facts = Priced with
        {
            CachedInputPricePerMillion = 2,
            LongPrompt = new LongPromptPrices(200_000, 5, 20, 5, null),
        };

        Assert.Equal((decimal)expected, PriceBook.Cost(facts, isLocal: false, new TokenUsage(fresh, cached, 0, 50_000, 0))!.Value, 6);
    }
}
