using System.Collections.Frozen;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Storage;

namespace LlmProxy.Tests.Routing;

public sealed class RoutePlannerTests
{
    private readonly GatewayOptions _options = new();
    private readonly List<Deployment> _llms =
    [
        FakeProvider.Llm("gpt", "openai", "gpt-4o", 10, change: o => o.IsDefault = true),
        FakeProvider.Llm("gpt-eu", "azure", "gpt-4o", 20),
        FakeProvider.Llm("house", "vllm", "meta/llama-3", 30, isLocal: true),
        FakeProvider.Llm("house2", "vllm", "qwen", 40, isLocal: true),
        FakeProvider.Llm("cloud-llama", "together", "meta/llama-3", 50),
        FakeProvider.Llm("openai/*", "openai", "*", 60),
        FakeProvider.Llm("toy", "dummy", "dummy", 70),
    ];

    private readonly ManualDefault _manualDefault = new();

    private Caller _caller = Caller.Anyone;

    [Theory]
    [InlineData("gpt", "gpt,gpt-eu")] // A named LLM, then those that serve the same vendor model.
    [InlineData("GPT", "gpt,gpt-eu")]
    [InlineData("gpt-4o", "gpt,gpt-eu")] // The vendor's name for it.
    [InlineData("house", "house")] // Local: no step outside unasked, though another serves the model.
    [InlineData("meta/llama-3", "house")]
    [InlineData("together/meta/llama-3", "cloud-llama")] // Pinned, with slashes in the vendor's name.
    [InlineData("azure/gpt-4o", "gpt-eu")]
    [InlineData("openai/gpt-4o", "gpt")]
    [InlineData("openai/gpt-4o-mini", "openai/*")] // Pinned and served by the wildcard.
    [InlineData("gpt-4-turbo", "openai/*")] // A bare name that the registry knows.
    [InlineData("default", "gpt")]
    [InlineData("auto", "gpt,gpt-eu,cloud-llama", "externalOnly")]
    public void Name_OfEachKind_MeansTheseLlms(string name, string expected, string? only = null)
    {
        if (only is not null)
        {
            _llms.RemoveAll(l => l.IsLocal);
        }

        Assert.Equal(expected, Names(Plan(name)));
    }

    [Fact]
    public void Wildcard_SendsTheAskedModel()
    {
        Assert.Equal("gpt-4o-mini", Plan("openai/gpt-4o-mini").Targets[0].Model);
        Assert.Equal("\"gpt-4o-mini\""u8.ToArray(), Plan("openai/gpt-4o-mini").Targets[0].ModelJson.ToArray());
    }

    [Fact]
    public void Auto_WithLocalInTheMiddle_StopsBeforeLeavingTheHouseAgain() =>
        Assert.Equal("gpt,gpt-eu,house,house2", Names(Plan("auto")));

    [Fact]
    public void Auto_FallbackWritten_MayLeaveTheHouse()
    {
        _options.Routing.Fallback = true;

        Assert.Equal("gpt,gpt-eu,house,house2,cloud-llama", Names(Plan(null)));
        Assert.Equal("house,cloud-llama", Names(Plan("house")));
    }

    [Fact]
    public void AutoStrategy_Asked_OrdersByItAlone() =>
        Assert.Equal("gpt,gpt-eu,house,house2,cloud-llama", Names(Plan("auto:priority")));

    [Fact]
    public void AutoStrategy_Unknown_IsRefusedNamingTheKnown() =>
        Assert.Contains("priority", Plan("auto:magic").Refusal!.Message, StringComparison.Ordinal);

    [Fact]
    public void Fallbacks_Written_FollowEvenOutside()
    {
        _llms[2].Options.Fallbacks = ["gpt"];

        Assert.Equal("house,gpt", Names(Plan("house")));
    }

    [Fact]
    public void Chain_HasItsMembersAndNobodyAfter()
    {
        _options.Chains["fast"] = new ChainOptions { Llms = ["house", "gpt"] };

        Assert.Equal("house,gpt", Names(Plan("fast")));
        Assert.Equal("house,gpt", Names(Plan("chain:FAST")));
        Assert.Equal("house,gpt", Names(Plan("qwen", new Wishes { Chain = "fast" })));
        Assert.Equal("house2,cloud-llama", Names(Plan(null, new Wishes { Chain = "house2, cloud-llama" })));
    }

    [Fact]
    public void Alias_ExactAndWildcard_LeadOn()
    {
        _options.Aliases["gpt-4"] = "house";
        _options.Aliases["claude-*"] = "qwen";

        Assert.Equal("house", Names(Plan("GPT-4")));
        Assert.Equal("house2", Names(Plan("claude-3-opus")));
    }

    [Fact]
    public void Chain_InsideAChain_IsUnfoldedOnce()
    {
        _options.Chains["inner"] = new ChainOptions { Llms = ["house", "gpt"] };
        _options.Chains["outer"] = new ChainOptions { Llms = ["house2", "chain:inner", "gpt-eu", "gpt"] };
        _llms[4].Options.Fallbacks = ["inner"];

        Assert.Equal("house2,house,gpt,gpt-eu", Names(Plan("outer")));
        Assert.Equal("cloud-llama,house,gpt", Names(Plan("cloud-llama")));
    }

    [Fact]
    public void Alias_ForTheGatewaysChoice_IsFollowed()
    {
        _options.Aliases["best"] = "auto";
        _options.Aliases["usual"] = "default";

        Assert.Equal(Names(Plan("auto")), Names(Plan("best")));
        Assert.Equal("gpt", Names(Plan("usual")));
    }

    [Fact]
    public void Fallback_Off_LeavesTheFirstAlone()
    {
        Assert.Equal("gpt", Names(Plan("gpt", new Wishes { Fallback = false })));
        _options.Routing.Fallback = false;
        Assert.Equal("gpt", Names(Plan("auto")));
    }

    [Fact]
    public void Unknown_Model_Is404WithNearNames()
    {
        GatewayError refusal = Plan("gpt-5o").Refusal ?? Plan("hose").Refusal!;

        Assert.Equal(404, Plan("hose").Refusal!.Status);
        Assert.Contains("\"house\"", Plan("hose").Refusal!.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal);
    }

    [Fact]
    public void LocalOnly_KeepsTheHouse()
    {
        Assert.Equal("house,house2", Names(Plan("auto", new Wishes { LocalOnly = true })));
        Assert.Equal("external_not_allowed", Plan("gpt", new Wishes { LocalOnly = true }).Refusal!.Code.Wire());
    }

    [Fact]
    public void Key_MayNotGoOutside_IsHeldToIt()
    {
        _caller = new Caller(new KeyOptions { Name = "k", AllowExternal = false });

        Assert.Equal("house,house2", Names(Plan("auto")));
        Assert.Equal(403, Plan("gpt").Refusal!.Status);
    }

    [Fact]
    public void Key_AllowedModels_RefusesTheNamedAndDropsFollowers()
    {
        _caller = new Caller(new KeyOptions { Name = "k", AllowedModels = ["gpt"] });

        Assert.Equal("gpt", Names(Plan("gpt")));
        Assert.Equal("gpt", Names(Plan("auto")));
        Assert.Equal("model_not_allowed", Plan("house").Refusal!.Code.Wire());
        _options.Chains["mixed"] = new ChainOptions { Llms = ["gpt", "house"] };
        Assert.Equal("model_not_allowed", Plan("mixed").Refusal!.Code.Wire());
    }

    [Theory]
    [InlineData("openai/*", "openai/gpt-4o-mini", true)]
    [InlineData("vllm/*", "house", true)]
    [InlineData("vllm/*", "gpt", false)]
    [InlineData("mixed", "mixed", true)]
    [InlineData("mixed", "gpt", false)]
    [InlineData("nick", "nick", true)]
    public void Key_AllowedModels_SpeaksOfProvidersChainsAndAliases(string pattern, string asked, bool isAllowed)
    {
        _options.Chains["mixed"] = new ChainOptions { Llms = ["gpt", "house"] };
        _options.Aliases["nick"] = "house";
        _caller = new Caller(new KeyOptions { Name = "k", AllowedModels = [pattern] });

        Assert.Equal(isAllowed, Plan(asked).Refusal is null);
    }

    [Fact]
    public void LocalLlm_ThatTheCallerMayNotReach_TakesNoExternalOneAway()
    {
        _llms.Add(FakeProvider.Llm("teams", "vllm", "shared-model", 10, isLocal: true, change: o => o.Scope = "team-b"));
        _llms.Add(FakeProvider.Llm("outside", "openai", "shared-model", 20));

        Assert.Equal("outside", Names(Plan("shared-model")));
        Assert.Equal("outside", Names(Plan("outside")));
        _caller = new Caller(new KeyOptions { Name = "b", Workspace = "team-b" });
        Assert.Equal("teams", Names(Plan("shared-model")));
        Assert.Equal("teams", Names(Plan("teams")));
        _caller = new Caller(new KeyOptions { Name = "narrow", Workspace = "team-b", AllowedModels = ["outside"] });
        Assert.Equal("outside", Names(Plan("shared-model")));
    }

    [Fact]
    public void Fallbacks_NameAnExternalOneOfTheSameModel_ItFollowsTheLocalOne()
    {
        _llms.Add(FakeProvider.Llm("home", "vllm", "shared-model", 10, isLocal: true, change: o => o.Fallbacks.Add("written")));
        _llms.Add(FakeProvider.Llm("outside", "openai", "shared-model", 20));
        _llms.Add(FakeProvider.Llm("written", "openai", "shared-model", 30));

        Assert.Equal("home,written", Names(Plan("home")));
        Assert.Equal("home", Names(Plan("shared-model")));
    }

    [Fact]
    public void Endpoint_TheLlmDoesNotHave_IsTheCallersMistake()
    {
        _llms[2].Options.Endpoints = ["embeddings"];
        Deployment embedder = FakeProvider.Llm("emb", "vllm", "bge", 5, isLocal: true, change: o => o.Endpoints = ["embeddings"]);
        _llms.Add(embedder);

        Assert.Equal("unsupported_endpoint", Plan("emb").Refusal!.Code.Wire());
        Assert.Equal("emb", Names(Plan("emb", endpoint: EndpointKind.Embeddings)));
        Assert.Equal("unsupported_endpoint", Plan("gpt", endpoint: EndpointKind.Rerank).Refusal!.Code.Wire());
    }

    [Fact]
    public void Embeddings_NeverMoveToAnotherModel()
    {
        _options.Chains["mixed"] = new ChainOptions { Llms = ["gpt", "house", "gpt-eu"] };

        Assert.Equal("gpt,gpt-eu", Names(Plan("mixed", endpoint: EndpointKind.Embeddings)));
    }

    [Fact]
    public void EndpointDefault_ServesCallsThatNameNoModel()
    {
        _options.Routing.Defaults["embeddings"] = "house2";

        Assert.Equal("house2", Names(Plan(null, endpoint: EndpointKind.Embeddings)));
        Assert.Equal("house2", Names(Plan("default", endpoint: EndpointKind.Embeddings)));
    }

    [Fact]
    public void Unavailable_Llm_IsSkippedOrExplained()
    {
        _llms[0] = FakeProvider.Llm("gpt", "openai", "gpt-4o", 10, unavailable: "OPENAI_API_KEY is not set");

        Assert.Equal("gpt-eu", Names(Plan("gpt")));
        _llms.RemoveAt(1);
        Assert.Equal(503, Plan("gpt").Refusal!.Status);
        Assert.Contains("OPENAI_API_KEY is not set", Plan("gpt").Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scope_OfAWorkspace_IsSeenByItAloneAndItsDefaultWins()
    {
        _llms.Add(FakeProvider.Llm("team", "vllm", "own", 90, isLocal: true, change: o => (o.Scope, o.IsDefault) = ("team-a", true)));

        Assert.Equal(404, Plan("team").Refusal!.Status);
        _caller = new Caller(new KeyOptions { Name = "k", Workspace = "team-a" });
        Assert.Equal("team", Names(Plan("team")));
        Assert.Equal("team", Names(Plan("default")));
    }

    [Theory]
    [InlineData("""{"llm":"house2"}""", "house2", "house2,house")]
    [InlineData("""{"llm":"HOUSE2"}""", "house2", "house2,house")]
    [InlineData("""{"provider":"vllm"}""", "house", "house,house2")] // The lowest priority of the provider's LLMs.
    [InlineData("""{"provider":"openai"}""", "gpt", "gpt,gpt-eu,house,house2")]
    [InlineData("""{"llm":"openai/*"}""", "gpt", "gpt,gpt-eu,house,house2")] // A wildcard answers nobody who names no model.
    [InlineData("""{"llm":"gone"}""", "gpt", "gpt,gpt-eu,house,house2")]
    [InlineData("""{"provider":"mistral"}""", "gpt", "gpt,gpt-eu,house,house2")]
    public void ManualDefault_BeatsTheMarkedOne(string chosen, string byDefault, string auto)
    {
        _manualDefault.Apply(new StoredSetting(StoredSetting.Default, chosen, default, "admin key"));

        Assert.Equal(byDefault, Names(Plan("default")));
        Assert.Equal(auto, Names(Plan(null)));
        Assert.Equal(auto, Names(Plan("auto")));
    }

    [Fact]
    public void ManualDefault_OfAProviderWhoseFirstLlmLacksItsKey_IsTheNext()
    {
        _llms[2] = FakeProvider.Llm("house", "vllm", "meta/llama-3", 30, isLocal: true, unavailable: "VLLM_KEY is not set");
        _manualDefault.Apply(new StoredSetting(StoredSetting.Default, """{"provider":"vllm"}""", default, "admin key"));

        Assert.Equal("house2", Names(Plan("default")));
    }

    [Fact]
    public void ManualDefault_BesideAWorkspacesOwn_GivesWayToIt()
    {
        _llms.Add(FakeProvider.Llm("team", "vllm", "own", 90, isLocal: true, change: o => (o.Scope, o.IsDefault) = ("team-a", true)));
        _manualDefault.Apply(new StoredSetting(StoredSetting.Default, """{"llm":"house"}""", default, "admin key"));

        Assert.Equal("house", Names(Plan("default")));
        _caller = new Caller(new KeyOptions { Name = "k", Workspace = "team-a" });
        Assert.Equal("team", Names(Plan("default")));
    }

    [Fact]
    public void NothingConfigured_AnyModel_IsNoHealthyProvider()
    {
        _llms.Clear();

        Assert.Equal("no_healthy_provider", Plan("auto").Refusal!.Code.Wire());
        Assert.Equal("no_healthy_provider", Plan("gpt-4o").Refusal!.Code.Wire());
    }

    [Fact]
    public void ImpliedDummy_AnswersWellKnownNames()
    {
        _llms.Clear();
        _llms.Add(FakeProvider.Llm("dummy", "dummy", "dummy", isImplied: true, change: o => o.IsDefault = true));

        Assert.Equal("dummy", Names(Plan("gpt-4o")));
        Assert.Equal("dummy", Names(Plan("auto")));
        Assert.Equal(404, Plan("no-such-model").Refusal!.Status);
    }

    private RoutePlan Plan(string? model, Wishes? wishes = null, EndpointKind? endpoint = null)
    {
        var llms = _llms.Select(l => new Deployment(l.Options, l.Provider, l.State) { Unavailable = l.Unavailable, IsImplied = l.IsImplied }).ToList();
        var snapshot = new GatewaySnapshot
        {
            Options = _options,
            AuthMode = AuthMode.Open,
            Keys = new KeyRing(_options),
            Llms = llms.ToFrozenDictionary(l => l.Name),
            Models = new ModelDirectory(_options, llms, _manualDefault),
            Workspaces = FrozenDictionary<string, WorkspaceOptions>.Empty,
        };
        return RoutePlanner.PlanFor(snapshot, _caller, endpoint ?? EndpointKind.Chat, model, wishes ?? Wishes.None);
    }

    private static string Names(RoutePlan plan) =>
        plan.Refusal is { } refusal ? refusal.Code.Wire() : string.Join(',', plan.Targets.Select(t => t.Deployment.Name));
}
