using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>Wishes that steer the choice, and those that cannot be had together.</summary>
public sealed class WishTests
{
    private readonly Plans _plans = new Plans()
        .With("gpt", o => (o.IsDefault, o.Quality) = (true, 50))
        .With("gpt-eu", o => (o.Model, o.Quality) = ("gpt-model", 60), provider: "azure")
        .With("house", o => o.Quality = 70, isLocal: true);

    [Fact]
    public void LocalOnly_WithAnExternalProvider_ContradictsItself()
    {
        GatewayError refusal = _plans.Plan("auto", new Wishes { LocalOnly = true, Provider = "azure" }).Refusal!;

        Assert.Equal((400, "provider"), (refusal.Status, refusal.Param));
        Assert.Contains("contradict", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("house", _plans.Names("auto", new Wishes { LocalOnly = true, Provider = "vllm" }));
        Assert.Equal("external_not_allowed", _plans.Names("openai/gpt-model", new Wishes { LocalOnly = true }));
    }

    [Fact]
    public void Strategy_ByModelAndByWish_MustBeTheSame()
    {
        GatewayError refusal = _plans.Plan("auto:balanced", new Wishes { Strategy = "weighted" }).Refusal!;

        Assert.Equal((400, "strategy"), (refusal.Status, refusal.Param));
        Assert.Null(_plans.Plan("auto:balanced", new Wishes { Strategy = "balanced" }).Refusal);
    }

    [Theory]
    [InlineData("auto:magic")]
    [InlineData("auto:")]
    public void Strategy_Unknown_IsRefusedNamingAll(string model)
    {
        GatewayError refusal = _plans.Plan(model).Refusal!;

        Assert.Equal(400, refusal.Status);
        Assert.All(LlmProxy.Configuration.Strategies.All, name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Strategy_WithAVendorsModel_OrdersThoseThatServeIt()
    {
        Assert.Equal("gpt,gpt-eu", _plans.Names("gpt-model"));
        Assert.Equal("gpt-eu,gpt", _plans.Names("gpt-model", new Wishes { Strategy = "quality_optimized" }));
    }

    [Fact]
    public void Strategy_WithANamedLlm_LeavesItFirst() =>
        Assert.Equal("gpt,gpt-eu", _plans.Names("gpt", new Wishes { Strategy = "quality_optimized" }));

    [Fact]
    public void Strategy_MayCrossTheHouse_TheDefaultOrderMayNot()
    {
        Assert.Equal("house,gpt-eu,gpt", _plans.Names("auto:quality_optimized"));
        Assert.Equal("house", _plans.Names("auto", new Wishes { PreferLocal = true }));
        Assert.Equal("gpt,gpt-eu,house", _plans.Names("auto"));
    }

    [Fact]
    public void Provider_Unknown_IsRefusedNamingTheKnown() =>
        Assert.Contains("anthropic", _plans.Plan("auto", new Wishes { Provider = "acme" }).Refusal!.Message, StringComparison.Ordinal);

    [Fact]
    public void Default_UnderAStrategy_IsTheDefaultAlone() =>
        Assert.Equal("gpt", _plans.Names("default", new Wishes { Strategy = "quality_optimized" }));

    [Fact]
    public void Explain_ImpliesMetadata()
    {
        Wishes? wishes = null;
        Assert.Null(WishReader.ReadBody("""{"explain":true,"metadata":false}"""u8, ref wishes));
        Assert.True(wishes!.Metadata);
    }

    [Fact]
    public void Endpoint_Default_GivesWayToAWishedStrategy()
    {
        _plans.Options.Routing.Defaults["chat"] = "gpt";

        Assert.Equal("gpt,gpt-eu", _plans.Names("auto"));
        Assert.StartsWith("house", _plans.Names("auto", new Wishes { Strategy = "quality_optimized" }), StringComparison.Ordinal);
        Assert.Equal("gpt", Plans.Names(_plans.Plan("default")));
    }
}
