using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>GET /v1/models answers "which is the cheapest, the fastest, the best" from what is known of each model.</summary>
public sealed class ModelFactsTests(ModelFactsTests.Fixture fixture) : IClassFixture<ModelFactsTests.Fixture>
{
    [Theory]
    [InlineData("sort=price&local=false&provider=openai&limit=3", "mini", "gpt", "strong")]
    [InlineData("sort=quality&provider=openai&limit=1", "strong")]
    [InlineData("sort=latency&provider=openai&limit=2", "mini", "gpt")]
    [InlineData("provider=openai&capability=vision,json&max_cost_per_1k=0.001", "mini")]
    [InlineData("provider=openai&max_cost_per_1k=0.012", "gpt", "mini", "strong")]
    [InlineData("local=true", "house")]
    [InlineData("local=true&max_cost_per_1k=0", "house")] // What is in the house costs nothing unless somebody says so.
    [InlineData("provider=custom&sort=price", "cheap-custom", "unpriced")] // What nobody knows comes last.
    [InlineData("provider=custom&max_cost_per_1k=1000", "cheap-custom")]
    public async Task Models_AskedByFacts_ComeInTheirOrder(string query, params string[] ids)
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/models?" + query);

        Expect.Ok(reply);
        Assert.Equal(ids, Ids(reply));
    }

    [Fact]
    public async Task Facts_OfAKnownModel_AreShownWithTheirDate()
    {
        JsonNode llm = (await fixture.Client.FetchAsync("/v1/models/gpt")).Json["llm"]!;

        Assert.Equal(2.5m, llm["input_price_per_million"]!.GetValue<decimal>());
        Assert.Equal(10m, llm["output_price_per_million"]!.GetValue<decimal>());
        Assert.Equal(1.25m, llm["cached_input_price_per_million"]!.GetValue<decimal>());
        Assert.Equal(128000, llm["context_window"]!.GetValue<int>());
        Assert.Equal(16384, llm["max_output_tokens"]!.GetValue<int>());
        Assert.Contains("tools", llm["capabilities"]!.AsArray().Select(c => c!.ToString()));
        Assert.Matches(@"^\d{4}-\d\d-\d\d$", llm["facts_as_of"]!.ToString());
    }

    [Fact]
    public async Task Facts_TheOperatorWrote_StandBeforeTheShippedOnes()
    {
        JsonNode llm = (await fixture.Client.FetchAsync("/v1/models/strong")).Json["llm"]!;

        Assert.Equal(12m, llm["output_price_per_million"]!.GetValue<decimal>());
        Assert.Equal(99, llm["quality"]!.GetValue<int>());
    }

    [Fact]
    public async Task Cost_OfAKnownModel_IsToldWithoutAWrittenPrice()
    {
        Reply reply = await fixture.Client.ChatAsync("gpt");

        Expect.Ok(reply);
        Assert.True(decimal.Parse(reply.Header("x-llm-cost-usd")!, System.Globalization.CultureInfo.InvariantCulture) > 0);
    }

    [Theory]
    [InlineData("capability=vison", "vision")]
    [InlineData("capability=code,flying", "flying")]
    [InlineData("provider=opanai", "openai")]
    [InlineData("sort=beauty", "quality")]
    [InlineData("max_cost_per_1k=-1", "max_cost_per_1k")]
    public async Task Query_ThatMeansNothing_Is400AndNamesWhatIsKnown(string query, string named)
    {
        string message = Expect.Error(await fixture.Client.FetchAsync("/v1/models?" + query), 400, "invalid_value");

        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Capability_ThatOnlyTheOperatorKnows_CanBeAskedFor() =>
        Assert.Equal(["unpriced"], Ids(await fixture.Client.FetchAsync("/v1/models?capability=poetry")));

    [Fact]
    public async Task Wildcard_ServesWellKnownModels_AndTheyAreListedAndCallable()
    {
        Reply all = await fixture.Client.FetchAsync("/v1/models");
        Reply best = await fixture.Client.FetchAsync("/v1/models?provider=anthropic&sort=price&capability=tools&limit=1");

        Assert.Contains("claude-opus-4-5", Ids(all));
        Assert.DoesNotContain("claude-3-opus", Ids(all)); // Nobody can call it any more.
        string cheapest = Assert.Single(Ids(best));
        JsonNode llm = best.Json["data"]![0]!["llm"]!;
        Assert.Equal((cheapest, "any-claude"), (llm["model"]!.ToString(), llm["name"]!.ToString()));
        Assert.True(llm["output_price_per_million"]!.GetValue<decimal>() > 0);
        await fixture.Client.PostAsync("/v1/messages", $$"""{"model":"{{cheapest}}","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.NotEmpty(fixture.Other.CallsFor(cheapest));
    }

    private static IEnumerable<string> Ids(Reply reply) => reply.Json["data"]!.AsArray().Select(m => m!["id"]!.ToString());

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "gpt", Provider = "openai", Model = "gpt-4o-2024-08-06", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, Priority = 1 },
                    new { Name = "mini", Provider = "openai", Model = "gpt-4o-mini", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, Priority = 2 },
                    new { Name = "strong", Provider = "openai", Model = "gpt-5.1", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, Priority = 3, Quality = 99, OutputPricePerMillion = 12 },
                    new { Name = "house", Provider = "vllm", Model = "Qwen/Qwen3-32B", Upstream.BaseUrl, Priority = 4 },
                    new { Name = "unpriced", Provider = "custom", Model = "somebodys-model", Upstream.BaseUrl, Priority = 5, Capabilities = new[] { "poetry" } },
                    new { Name = "cheap-custom", Provider = "custom", Model = "anybodys-model", Upstream.BaseUrl, Priority = 6, InputPricePerMillion = 1, OutputPricePerMillion = 2 },
                    new { Name = "any-claude", Provider = "anthropic", Model = "*", BaseUrl = Other.Address, Auth = new { api_key = "sk-2" } },
                },
            }),
        };
    }
}
