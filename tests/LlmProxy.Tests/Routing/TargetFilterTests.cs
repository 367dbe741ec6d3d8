using LlmProxy.Access;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>What takes an LLM away before any strategy looks at it, and what the caller is told when none is left.</summary>
public sealed class TargetFilterTests
{
    private const string WithTools = """{"messages":[{}],"tools":[{"type":"function","function":{"name":"f"}}]}""";
    private const string WithImage = """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}""";
    private const string WithSchema = """{"messages":[{}],"response_format":{"type":"json_schema","json_schema":{}}}""";

    private readonly Plans _plans = new Plans()
        .With("all", o => o.Capabilities = ["code", "vision", "tools", "json"])
        .With("texts", o => o.Capabilities = ["code", "tools"])
        .With("silent")
        .With("vague", o => o.Capabilities = ["code"]);

    [Theory]
    [InlineData(WithTools, "all,silent,texts,vague")] // By name, as the priorities are equal.
    [InlineData(WithImage, "all,silent,vague")]
    [InlineData(WithSchema, "all,silent,vague")]
    public void Implied_Need_RemovesOnlyWhoseListSpeaksOfSuchThings(string body, string left) =>
        Assert.Equal(left, _plans.Names("auto:priority", body: body));

    [Fact]
    public void Demanded_Capability_MustBeListed()
    {
        Assert.Equal("all,texts,vague", _plans.Names("auto:priority", new Wishes { Capabilities = ["CODE"] }));
        Assert.Equal("all", _plans.Names("auto:priority", new Wishes { Capabilities = ["code", "vision"] }));
        Assert.Equal("all,texts,vague", _plans.Names("auto:priority", new Wishes { Task = "code_generation" }));
    }

    [Fact]
    public void Task_OfTheOperators_StandsForItsCapability()
    {
        _plans.Options.Routing.Tasks["poetry"] = "rhymes";
        _plans.Options.Routing.Tasks["code_generation"] = "vision";
        _plans.With("poet", o => o.Capabilities = ["rhymes"]);

        Assert.Equal("poet", _plans.Names("auto", new Wishes { Task = "Poetry" }));
        Assert.Equal("poet", _plans.Names("auto", new Wishes { Capabilities = ["rhymes"] }));
        Assert.Equal("all", _plans.Names("auto", new Wishes { Task = "code_generation" }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Unknown_CapabilityOrTask_IsRefusedNamingTheKnown(bool isTask)
    {
        GatewayError refusal = _plans.Plan("auto", isTask ? new Wishes { Task = "juggling" } : new Wishes { Capabilities = ["juggling"] }).Refusal!;

        Assert.Equal((400, isTask ? "task" : "capability"), (refusal.Status, refusal.Param));
        Assert.Contains("juggling", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(isTask ? "code_generation" : "reasoning", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Context_TooShortForThePrompt_RemovesWhoseWindowIsKnown()
    {
        Plans plans = new Plans().With("small", o => o.ContextWindow = 1000).With("large", o => o.ContextWindow = 10_000).With("open");

        Assert.Equal("large,open,small", plans.Names("auto:priority", body: Plans.Prompt(900)));
        Assert.Equal("large,open", plans.Names("auto:priority", body: Plans.Prompt(1100)));
        Assert.Equal("open", plans.Names("auto:priority", body: Plans.Prompt(11_000)));
    }

    [Fact]
    public void Context_OfNobodyIsEnough_IsSaidUnlessThePromptMayBeCut()
    {
        Plans plans = new Plans().With("small", o => o.ContextWindow = 1000).With("large", o => o.ContextWindow = 10_000);

        GatewayError refusal = plans.Plan("auto", body: Plans.Prompt(11_000)).Refusal!;
        Assert.Equal((400, "context_length_exceeded"), (refusal.Status, refusal.Code.Wire()));
        Assert.Contains("[small] context_length:", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("small,large", plans.Names("auto", new Wishes { Truncate = true }, Plans.Prompt(11_000)));
        Assert.Equal("large", plans.Names("auto", new Wishes { Truncate = true }, Plans.Prompt(1100)));
    }

    [Fact]
    public void Named_Llm_IsAskedWhateverItCanDo()
    {
        Plans plans = new Plans()
            .With("first", o => (o.ContextWindow, o.Capabilities, o.Fallbacks) = (100, ["tools"], ["unable", "able"]))
            .With("unable", o => o.ContextWindow = 100)
            .With("able");

        Assert.Equal("first,able", plans.Names("first", new Wishes { MaxLatencyMs = 1 }, Plans.Prompt(500)));
        Assert.Equal("first,unable,able", plans.Names("first"));
    }

    [Theory]
    [InlineData(1000, "quick,unsaid")]
    [InlineData(100, "unsaid")]
    public void MaxLatency_RemovesWhoIsKnownToBeSlower(int most, string left)
    {
        Plans plans = new Plans().With("quick", o => o.TypicalLatencyMs = 400).With("slow", o => o.TypicalLatencyMs = 5000).With("unsaid");

        Assert.Equal(left, plans.Names("auto:priority", new Wishes { MaxLatencyMs = most }));
        plans.Options.Routing.MaxLatencyMs = most;
        Assert.Equal(left, plans.Names("auto"));
        Assert.Equal("slow", plans.Names("slow"));
    }

    [Fact]
    public void MaxLatency_GoesByWhatWasMeasuredLately()
    {
        Plans plans = new Plans().With("a", o => o.TypicalLatencyMs = 400).With("b");
        plans.State("a").Latency.Measured(3000, 3000);

        Assert.Equal("b", plans.Names("auto", new Wishes { MaxLatencyMs = 1000 }));
        plans.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("a,b", plans.Names("auto", new Wishes { MaxLatencyMs = 1000 }));
    }

    [Fact]
    public void Budget_RemovesWhereTheCallWouldCostMoreOrNobodyKnows()
    {
        Plans plans = new Plans()
            .With("dear", o => (o.InputPricePerMillion, o.OutputPricePerMillion) = (10m, 50m)) // 1000 tokens: 0.05.
            .With("cheap", o => (o.InputPricePerMillion, o.OutputPricePerMillion) = (0.1m, 0.5m)) // 0.0005.
            .With("unpriced")
            .With("house", isLocal: true);

        Assert.Equal("cheap,dear,house", plans.Names("auto:priority", new Wishes { BudgetRemaining = 1m }));
        Assert.Equal("cheap,house", plans.Names("auto:priority", new Wishes { BudgetRemaining = 0.01m }));
        Assert.Equal("house", plans.Names("auto:priority", new Wishes { BudgetRemaining = 0m }));
        GatewayError refusal = plans.Plan("dear", new Wishes { BudgetRemaining = 0.01m }).Refusal!;
        Assert.Equal((400, "budget_remaining"), (refusal.Status, refusal.Param));
        Assert.Contains("expected to cost 0.05", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Breaker_Open_RemovesAndTheLoneOneIsRefusedAtOnce()
    {
        Trip("all");

        Assert.Equal("silent,texts,vague", _plans.Names("auto:priority"));
        GatewayError refusal = _plans.Plan("all").Refusal!;
        Assert.Equal((503, "no_healthy_provider"), (refusal.Status, refusal.Code.Wire()));
        Assert.InRange(refusal.RetryAfter!.Value.TotalSeconds, 1, 30);
        _plans.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("all", _plans.Names("all")); // Half open: the loop takes the probe.
    }

    [Fact]
    public void Auto_LocalDefaultThatCannotAnswerNow_IsNotReplacedByAnExternalOne()
    {
        Plans plans = new Plans().With("house", o => o.IsDefault = true, isLocal: true).With("outside", o => o.Capabilities = ["vision"]);
        Assert.Equal("house", plans.Names("auto"));

        Assert.Equal("invalid_value", plans.Names("auto", new Wishes { Capabilities = ["vision"] }));
        Trip(plans, "house");
        Assert.Equal("no_healthy_provider", plans.Names("auto"));
        Assert.Contains("[outside] house:", plans.Plan("auto").Refusal!.Message, StringComparison.Ordinal);
        Assert.Equal("outside", plans.Names("auto:priority")); // A strategy's choice may leave the house.
    }

    [Fact]
    public void Named_OfAThousandWithTheSameModel_IsFollowedByAFew()
    {
        var plans = new Plans();
        for (int i = 0; i < 1000; i++)
        {
            plans.With($"llm-{i:000}", o => o.Model = "same");
        }

        Assert.Equal(17, plans.Plan("llm-500").Targets.Count);
        Assert.Equal("llm-500", plans.Plan("llm-500").Targets[0].Deployment.Name);
    }

    [Fact]
    public void Chain_FirstRests_KeepsItsPlaceSoThatItCanBeTold()
    {
        _plans.Options.Chains["pair"] = new ChainOptions { Llms = ["all", "texts"] };
        Trip("all");

        Assert.Equal("all,texts", _plans.Names("pair"));
        Trip("texts");
        Assert.Equal("no_healthy_provider", _plans.Names("pair"));
    }

    [Fact]
    public void NothingLeft_BreakersAndWishes_SaysWhichFilterRemovedWhich()
    {
        Trip("all");

        GatewayError refusal = _plans.Plan("auto", new Wishes { Capabilities = ["vision"] }).Refusal!;

        Assert.Equal(503, refusal.Status);
        Assert.Contains("[all] breaker:", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("[silent] capability: it does not list \"vision\"", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingLeft_WishesNobodySatisfies_Is400()
    {
        GatewayError refusal = _plans.Plan("auto", new Wishes { Capabilities = ["long_context"] }).Refusal!;

        Assert.Equal((400, "invalid_value", "capability"), (refusal.Status, refusal.Code.Wire(), refusal.Param));
        foreach (string name in (string[])["all", "texts", "silent", "vague"])
        {
            Assert.Contains($"[{name}] capability:", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NothingLeft_NamesNoLlmThatTheCallerMayNotKnow()
    {
        _plans.With("secret-scope", o => o.Scope = "team-b");
        _plans.Caller = new Caller(new KeyOptions { Name = "k", AllowedModels = ["texts", "silent"] });

        GatewayError refusal = _plans.Plan("auto", new Wishes { Capabilities = ["vision"] }).Refusal!;

        Assert.Contains("[texts]", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("[all]", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
        _plans.Options.Aliases["nick"] = "all";
        Assert.DoesNotContain("all-model", _plans.Plan("nick").Refusal?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Embeddings_UnderAnyStrategy_StayOnOneVendorModel()
    {
        Plans plans = new Plans()
            .With("a", o => (o.Model, o.Quality, o.Priority) = ("bge", 10, 1))
            .With("b", o => (o.Model, o.Quality, o.Priority) = ("other", 90, 2))
            .With("c", o => (o.Model, o.Quality, o.Priority) = ("bge", 50, 3));

        Assert.Equal("c,a", plans.Names("auto:quality_optimized", body: """{"input":"x"}""", endpoint: EndpointKind.Embeddings));
        Trip(plans, "a");
        Trip(plans, "c");
        Assert.Equal("no_healthy_provider", plans.Names("auto", body: """{"input":"x"}""", endpoint: EndpointKind.Embeddings));
    }

    private void Trip(string name) => Trip(_plans, name);

    private static void Trip(Plans plans, string name)
    {
        for (int i = 0; i < 5; i++)
        {
            plans.State(name).Breaker.Record(new BreakerRule(5, 30), isProbe: false, CallSign.Bad);
        }
    }
}
