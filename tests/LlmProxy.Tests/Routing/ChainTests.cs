using LlmProxy.Access;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>Groups of LLMs: configured, nested, wished for, and those that are there by themselves.</summary>
public sealed class ChainTests
{
    private readonly Plans _plans = new Plans()
        .With("gpt", o => (o.Priority, o.Quality, o.InputPricePerMillion, o.OutputPricePerMillion, o.Capabilities) = (10, 90, 2m, 8m, ["code", "tools"]))
        .With("mini", o => (o.Priority, o.Quality, o.InputPricePerMillion, o.OutputPricePerMillion, o.TypicalLatencyMs) = (20, 60, 0.1m, 0.4m, 300))
        .With("house", o => (o.Priority, o.Quality, o.Capabilities) = (30, 70, ["code"]), isLocal: true)
        .With("house2", o => (o.Priority, o.Quality) = (40, 50), isLocal: true)
        .With("toy", o => o.Priority = 1, provider: "dummy")
        .With("any", o => o.Model = "*");

    [Theory]
    [InlineData("high_quality", "gpt,house,mini,house2")]
    [InlineData("cost_optimized", "house,house2,mini,gpt")]
    [InlineData("fast_latency", "mini,gpt,house,house2")]
    [InlineData("local_only", "house,house2")]
    [InlineData("code_generation", "gpt,house")]
    [InlineData("chain:LOCAL_ONLY", "house,house2")]
    public void Predefined_Chain_IsBuiltFromWhatThereIs(string name, string expected)
    {
        Assert.Equal(expected, _plans.Names(name));
        Assert.Equal(expected, _plans.Names(null, new Wishes { Chain = name.Replace("chain:", "", StringComparison.Ordinal) }));
    }

    [Fact]
    public void Predefined_Chain_WithoutMembers_IsHiddenAndSaysSo()
    {
        Plans plans = new Plans().With("gpt");

        Assert.DoesNotContain(plans.Snapshot.Models.Chains, c => c.Key is "local_only" or "code_generation");
        Assert.Contains(plans.Snapshot.Models.Chains, c => c.Key == "high_quality");
        GatewayError refusal = plans.Plan("local_only").Refusal!;
        Assert.Equal(404, refusal.Status);
        Assert.Contains("no local LLM is configured", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Predefined_Chain_GivesWayToWhatIsConfigured()
    {
        _plans.Options.Chains["high_quality"] = new ChainOptions { Llms = ["mini"] };
        _plans.Options.Aliases["fast_latency"] = "house";
        _plans.With("cost_optimized", o => o.Priority = 99);

        Assert.Equal("mini", _plans.Names("high_quality"));
        Assert.Equal("house", _plans.Names("fast_latency"));
        Assert.Equal("cost_optimized", _plans.Names("cost_optimized"));
    }

    [Fact]
    public void LocalOnly_Chain_NeverHasAnother()
    {
        Assert.Equal("house,house2", _plans.Names("local_only", new Wishes { Strategy = "quality_optimized" }));
        _plans.Options.Routing.Fallback = true;
        Assert.Equal("house,house2", _plans.Names("local_only"));
    }

    [Fact]
    public void Chain_WithStrategy_BalancesItsMembers()
    {
        _plans.Options.Chains["cheap"] = new ChainOptions { Llms = ["gpt", "mini", "house"], Strategy = "cost_optimized" };

        Assert.Equal("house,mini,gpt", _plans.Names("cheap"));
        Assert.Equal("gpt,house,mini", _plans.Names("cheap", new Wishes { Strategy = "quality_optimized" }));
        Assert.Equal("house", _plans.Names("cheap", new Wishes { Fallback = false }));
        Assert.Equal("gpt,house", _plans.Names("cheap", new Wishes { Capabilities = ["code"], Strategy = "quality_optimized" }));
    }

    [Fact]
    public void Chain_Weighted_SendsMostToTheHeaviest()
    {
        _plans.Options.Chains["canary"] = new ChainOptions { Llms = ["gpt", "mini"], Strategy = "weighted" };
        _plans.Snapshot.Llms["gpt"].Options.Weight = 9;

        int old = Enumerable.Range(0, 1000).Count(_ => _plans.Plan("canary").Targets[0].Deployment.Name == "gpt");

        Assert.InRange(old, 850, 950);
    }

    [Fact]
    public void Chain_Nested_KeepsItsOwnStrategyForItsMembers()
    {
        _plans.Options.Chains["inner"] = new ChainOptions { Llms = ["gpt", "mini"], Strategy = "cost_optimized" };
        _plans.Options.Chains["outer"] = new ChainOptions { Llms = ["house2", "inner", "house"] };
        _plans.Options.Chains["best"] = new ChainOptions { Llms = ["house2", "inner", "house"], Strategy = "quality_optimized" };

        Assert.Equal("house2,mini,gpt,house", _plans.Names("outer"));
        Assert.Equal("house,mini,gpt,house2", _plans.Names("best")); // inner counts as mini, its first.
        Assert.Equal("gpt,house,mini,house2", _plans.Names("outer", new Wishes { Strategy = "quality_optimized" }));
    }

    [Fact]
    public void Chain_MayHaveAPredefinedOneInIt()
    {
        _plans.Options.Chains["home-then-gpt"] = new ChainOptions { Llms = ["local_only", "gpt"] };

        Assert.Equal("house,house2,gpt", _plans.Names("home-then-gpt"));
    }

    [Fact]
    public void Chain_OfTwoModelsOfOneWildcard_HasBoth()
    {
        _plans.Options.Chains["two"] = new ChainOptions { Llms = ["openai/large", "openai/small", "openai/large", "gpt"] };
        _plans.Options.Chains["ranked"] = new ChainOptions { Llms = ["openai/large", "openai/small"], Strategy = "cost_optimized" };
        _plans.Options.Chains["nested"] = new ChainOptions { Llms = ["ranked", "two", "mini"] };

        Assert.Equal("any:large,any:small,gpt:gpt-model", Models("two"));
        Assert.Equal("any:large,any:small,gpt:gpt-model,mini:mini-model", Models("nested"));
        Assert.Equal("any:large,any:small,gpt:gpt-model", Models(null, new Wishes { Chain = "openai/large,openai/small,gpt" }));
    }

    private string Models(string? model, Wishes? wishes = null) =>
        string.Join(',', _plans.Plan(model, wishes).Targets.Select(target => $"{target.Deployment.Name}:{target.Model}"));

    [Theory]
    [InlineData("house2,gpt", "house2,gpt")]
    [InlineData("local_only, mini", "house,house2,mini")]
    [InlineData("nick,openai/gpt-model", "house,gpt")]
    [InlineData("gpt,gpt-model,mini", "gpt,mini")] // One LLM by two names is asked once.
    public void Wish_Members_MayBeLlmsChainsAliasesAndProviderModels(string wish, string expected)
    {
        _plans.Options.Aliases["nick"] = "house";

        Assert.Equal(expected, _plans.Names("gpt", new Wishes { Chain = wish }));
    }

    [Fact]
    public void Wish_UnknownMember_IsRefusedNamingTheKnown()
    {
        GatewayError refusal = _plans.Plan(null, new Wishes { Chain = "gpt,nobody" }).Refusal!;

        Assert.Equal((400, "chain"), (refusal.Status, refusal.Param));
        Assert.Contains("nobody", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("high_quality", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_AllowedTheChainByName_MayUseAllOfIt()
    {
        _plans.Options.Chains["pair"] = new ChainOptions { Llms = ["gpt", "house"] };
        _plans.Caller = new Caller(new KeyOptions { Name = "k", AllowedModels = ["pair", "local_only", "mini"] });

        Assert.Equal("gpt,house", _plans.Names("pair"));
        Assert.Equal("gpt,house", _plans.Names(null, new Wishes { Chain = "pair" }));
        Assert.Equal("house,house2", _plans.Names("local_only"));
        Assert.Equal("model_not_allowed", _plans.Names("high_quality"));
        Assert.Equal("model_not_allowed", _plans.Names(null, new Wishes { Chain = "mini,gpt" }));
        Assert.DoesNotContain("house", _plans.Plan("high_quality").Refusal!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mini*", "mini,gpt")]
    [InlineData("*,gpt", "mini,gpt")]
    public void Key_WhosePatternCoversAListOfMembers_IsHeldToEachOfThem(string pattern, string wish)
    {
        _plans.Caller = new Caller(new KeyOptions { Name = "k", AllowedModels = [pattern] });

        Assert.Equal("model_not_allowed", _plans.Names(null, new Wishes { Chain = wish }));
        Assert.Equal("model_not_allowed", _plans.Names(null, new Wishes { Chain = wish, Provider = "openai" }));
    }

    [Theory]
    [InlineData("pair", "chain:pair")]
    [InlineData("chain:pair", "pair")]
    public void Key_AllowedTheChain_MayNameItEitherWay(string pattern, string asked)
    {
        _plans.Options.Chains["pair"] = new ChainOptions { Llms = ["gpt", "house"] };
        _plans.Caller = new Caller(new KeyOptions { Name = "k", AllowedModels = [pattern] });

        Assert.Equal("gpt,house", _plans.Names(asked));
    }

    [Fact]
    public void Key_NotAllowedOutside_KeepsToTheLocalMembers()
    {
        _plans.Caller = new Caller(new KeyOptions { Name = "k", AllowExternal = false });

        Assert.Equal("house,house2", _plans.Names("high_quality"));
        Assert.Equal("house,house2", _plans.Names("auto:cost_optimized"));
    }
}
