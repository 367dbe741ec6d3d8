using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Routing.Strategies;

namespace LlmProxy.Tests.Routing;

/// <summary>Each strategy chooses what docs/routing.md says it does.</summary>
public sealed class StrategyTests
{
    private readonly Plans _plans = new Plans()
        .With("best", o => Facts(o, priority: 40, quality: 95, ms: 2500, input: 15m, output: 75m, "code", "reasoning", "vision", "tools"))
        .With("middle", o => Facts(o, priority: 20, quality: 80, ms: 900, input: 1m, output: 3m, "code", "tools", "json"))
        .With("cheap", o => Facts(o, priority: 30, quality: 55, ms: 600, input: 0.1m, output: 0.4m, "tools"))
        .With("house", o => Facts(o, priority: 50, quality: 60, ms: 1500, input: null, output: null, "code", "multilingual"), isLocal: true)
        .With("unknown", o => o.Priority = 10);

    [Theory]
    [InlineData("priority", "unknown,middle,cheap,best,house")]
    [InlineData("cost_optimized", "house,cheap,middle,best,unknown")]
    [InlineData("quality_optimized", "best,middle,house,cheap,unknown")]
    [InlineData("latency_optimized", "cheap,middle,unknown,house,best")]
    [InlineData("local_first", "house,unknown,middle,cheap,best")]
    [InlineData("capability_match", "best,middle,house,cheap,unknown")]
    [InlineData("balanced", "middle,cheap,house,best,unknown")]
    public void Strategy_AmongFive_HasTheDocumentedOrder(string strategy, string order)
    {
        Assert.Equal(order, _plans.Names("auto:" + strategy));
        Assert.Equal(order, _plans.Names(null, new Wishes { Strategy = strategy }));
        Assert.Equal(order, _plans.Names("auto", new Wishes { Strategy = strategy }));
        Assert.Equal(order, _plans.Names("AUTO:" + strategy.ToUpperInvariant().Replace('_', '-')));
    }

    [Theory]
    [InlineData("cost_optimized", "house,cheap,middle,best,unknown")]
    [InlineData("quality_optimized", "best,middle,house,cheap,unknown")]
    public void DefaultStrategy_Configured_OrdersCallsThatNameNothing(string strategy, string order)
    {
        _plans.Options.Routing.DefaultStrategy = strategy;

        Assert.Equal(order, _plans.Names(null));
        Assert.Equal(order, _plans.Names("auto"));
        Assert.Equal("unknown,middle,cheap,best,house", _plans.Names("auto:priority"));
    }

    [Fact]
    public void Names_OfAllStrategies_AreFoundAtLoad() =>
        Assert.All(LlmProxy.Configuration.Strategies.All, name => Assert.Equal(name, RouteStrategies.Find(name)!.Name));

    [Theory]
    [InlineData(100, 1000, "longwinded")] // Output decides: its output is cheaper.
    [InlineData(20000, 10, "reader")] // A long prompt and a short answer: its input is cheaper.
    public void Cost_DependsOnThePromptAndTheAnswer(int prompt, int output, string cheapest)
    {
        Plans plans = new Plans()
            .With("reader", o => (o.InputPricePerMillion, o.OutputPricePerMillion) = (1m, 20m))
            .With("longwinded", o => (o.InputPricePerMillion, o.OutputPricePerMillion) = (10m, 2m));

        Assert.StartsWith(cheapest, plans.Names("auto:cost_optimized", body: Plans.Prompt(prompt, $",\"max_tokens\":{output}")), StringComparison.Ordinal);
    }

    [Fact]
    public void Cost_OfAnAnswerWithoutBound_IsThatOfTheUsualOne()
    {
        Plans plans = new Plans()
            .With("short", o => (o.InputPricePerMillion, o.OutputPricePerMillion, o.MaxOutputTokens) = (5m, 10m, 100))
            .With("long", o => (o.InputPricePerMillion, o.OutputPricePerMillion) = (5m, 2m));

        Assert.Equal("short,long", plans.Names("auto:cost_optimized")); // 100 tokens at 10 against 1000 at 2.
        plans.Options.Limits.ExpectedOutputTokens = 50;
        Assert.Equal("long,short", plans.Names("auto:cost_optimized"));
    }

    [Fact]
    public void Equals_InEveryStrategy_StandByPriorityThenName()
    {
        Plans plans = new Plans().With("c").With("b").With("a", o => o.Priority = 200);

        foreach (string strategy in LlmProxy.Configuration.Strategies.All.Where(name => name is not "weighted"))
        {
            Assert.Equal("b,c,a", plans.Names("auto:" + strategy));
        }
    }

    [Fact]
    public void Weighted_ManyDraws_FirstPlacesFollowTheWeights()
    {
        Plans plans = new Plans().With("one", o => o.Weight = 1).With("three", o => o.Weight = 3).With("none", o => o.Weight = 0);
        var first = new Dictionary<string, int>();
        for (int round = 0; round < 4000; round++)
        {
            RoutePlan plan = plans.Plan("auto:weighted");
            Assert.Equal(3, plan.Targets.Distinct().Count());
            Assert.Equal("none", plan.Targets[2].Deployment.Name);
            string name = plan.Targets[0].Deployment.Name;
            first[name] = first.GetValueOrDefault(name) + 1;
        }

        Assert.InRange(first["one"], 850, 1150);
        Assert.InRange(first["three"], 2850, 3150);
    }

    [Fact]
    public void CapabilityMatch_CountsWhatTheRequestImplies()
    {
        const string withImage = """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}""";

        Assert.Equal("best,house,unknown", _plans.Names("auto:capability_match", body: withImage));
        Assert.Equal("middle", _plans.Names("auto:capability_match", new Wishes { Capabilities = ["json"] }));
        Assert.StartsWith("middle,", _plans.Names("auto:capability_match", new Wishes { Capabilities = ["code"] }, """{"messages":[{}],"response_format":{"type":"json_object"}}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void PreferLocal_PutsTheHouseFirstInEveryStrategy()
    {
        Assert.Equal("house,best,middle,cheap,unknown", _plans.Names("auto:quality_optimized", new Wishes { PreferLocal = true }));
        Assert.Equal("house", _plans.Names("auto", new Wishes { PreferLocal = true })); // Without a strategy nothing leaves the house again.
        _plans.Options.Routing.PreferLocal = true;
        Assert.StartsWith("house,", _plans.Names("auto:latency_optimized"), StringComparison.Ordinal);
        Assert.StartsWith("cheap,", _plans.Names("auto:latency_optimized", new Wishes { PreferLocal = false }), StringComparison.Ordinal);
    }

    [Fact]
    public void Headroom_NearlyUsedUp_PutsAnLlmBehind()
    {
        _plans.State("best").Rate.Take("x-ratelimit-limit-requests", "100");
        _plans.State("best").Rate.Take("x-ratelimit-remaining-requests", "5");

        Assert.Equal("middle,house,cheap,unknown,best", _plans.Names("auto:quality_optimized"));
        Assert.Equal("unknown,middle,cheap,best,house", _plans.Names("auto:priority"));
        _plans.State("best").Rate.Take("x-ratelimit-remaining-requests", "20");
        Assert.StartsWith("best", _plans.Names("auto:quality_optimized"), StringComparison.Ordinal);
    }

    [Fact]
    public void Provider_Wished_OrdersItsOwnLlms() =>
        Assert.Equal("house", _plans.Names("auto:quality_optimized", new Wishes { Provider = "vllm" }));

    [Fact]
    public void Thousand_Llms_TheBestComeFirst()
    {
        var plans = new Plans();
        for (int i = 0; i < 1000; i++)
        {
            int quality = (i * 37 % 100) + 1;
            plans.With($"llm-{i}", o => o.Quality = quality);
        }

        RoutePlan plan = plans.Plan("auto:quality_optimized");

        Assert.Equal(RouteOrder.MostTargets, plan.Targets.Count);
        Assert.All(plan.Targets.Take(10), t => Assert.Equal(100, t.Facts.Quality));
        Assert.Equal(plan.Targets.OrderByDescending(t => t.Facts.Quality).Select(t => t.Facts.Quality), plan.Targets.Select(t => t.Facts.Quality));
    }

    private static void Facts(LlmOptions options, int priority, int quality, int ms, decimal? input, decimal? output, params string[] capabilities)
    {
        options.Priority = priority;
        options.Quality = quality;
        options.TypicalLatencyMs = ms;
        options.InputPricePerMillion = input;
        options.OutputPricePerMillion = output;
        options.Capabilities = [.. capabilities];
    }
}
