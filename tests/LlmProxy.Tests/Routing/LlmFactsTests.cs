using LlmProxy.Configuration.Options;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class LlmFactsTests
{
    private static LlmFacts Of(string provider, string model, bool isLocal = false, Action<LlmOptions>? change = null)
    {
        var options = new LlmOptions { Name = "x", Provider = provider, Model = model };
        change?.Invoke(options);
        return LlmFacts.Of(options, provider, model, isLocal);
    }

    [Fact]
    public void Of_SilentOperator_TakesTheRegistrysWord()
    {
        LlmFacts facts = Of("openai", "gpt-4o-2024-08-06");

        Assert.Equal((2.5m, 10m, 1.25m), (facts.InputPricePerMillion, facts.OutputPricePerMillion, facts.CachedInputPricePerMillion));
        Assert.Equal((128000, 16384), (facts.ContextWindow, facts.MaxOutputTokens));
        Assert.Contains("vision", facts.Capabilities.AsEnumerable());
        Assert.InRange(facts.Quality, 1, 100);
        Assert.NotNull(facts.AsOf);
    }

    [Fact]
    public void Of_OperatorsWord_WinsFieldByField()
    {
        LlmFacts facts = Of("openai", "gpt-4o", change: o =>
        {
            o.InputPricePerMillion = 0;
            o.ContextWindow = 1000;
            o.Capabilities = ["code"];
            o.Quality = 7;
        });

        Assert.Equal((0m, 10m), (facts.InputPricePerMillion, facts.OutputPricePerMillion));
        Assert.Equal((1000, 16384), (facts.ContextWindow, facts.MaxOutputTokens));
        Assert.Equal(["code"], facts.Capabilities);
        Assert.Equal(7, facts.Quality);
    }

    [Fact]
    public void Of_LocalLlm_HasNoVendorsPrice()
    {
        LlmFacts facts = Of("together", "openai/gpt-oss-120b", isLocal: true);

        Assert.False(facts.IsPriced);
        Assert.Equal(131072, facts.ContextWindow);
        Assert.True(Of("together", "openai/gpt-oss-120b").IsPriced);
        Assert.Equal(3m, Of("together", "openai/gpt-oss-120b", isLocal: true, o => o.OutputPricePerMillion = 3).OutputPricePerMillion);
    }

    [Fact]
    public void Of_UnknownModel_IsTheOperatorsWordAlone()
    {
        LlmFacts facts = Of("custom", "my-model", change: o => o.Quality = 50);

        Assert.Equal(50, facts.Quality);
        Assert.Empty(facts.Capabilities);
        Assert.False(facts.IsPriced);
        Assert.Null(facts.AsOf);
    }

    [Fact]
    public void Of_OperatorsPrice_LeavesNoTierForLongPrompts()
    {
        Assert.NotNull(Of("gemini", "gemini-2.5-pro").LongPrompt);
        Assert.Null(Of("gemini", "gemini-2.5-pro", change: o => o.OutputPricePerMillion = 9).LongPrompt);
    }

    [Fact]
    public void FactsOf_WildcardsModels_AreTheirOwnAndKept()
    {
        Deployment wildcard = FakeProvider.Llm("any", "openai", "*", 1);

        Assert.Equal(10m, new RouteTarget(wildcard, "gpt-4o").Facts.OutputPricePerMillion);
        Assert.Equal(0.6m, new RouteTarget(wildcard, "gpt-4o-mini").Facts.OutputPricePerMillion);
        Assert.False(wildcard.Facts.IsPriced);
        Assert.Same(wildcard.FactsOf("gpt-4o"), wildcard.FactsOf("gpt-4o"));
    }

    [Fact]
    public void FactsOf_ManyNamesAskedByClients_StayBounded()
    {
        Deployment wildcard = FakeProvider.Llm("any", "openai", "*", 1);
        LlmFacts first = wildcard.FactsOf("name-0");
        for (int i = 1; i <= 1000; i++)
        {
            wildcard.FactsOf($"name-{i}");
        }

        Assert.NotSame(first, wildcard.FactsOf("name-0"));
        Assert.Equal(10m, wildcard.FactsOf("gpt-4o").OutputPricePerMillion);
    }
}
