using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Who is asked when the gateway chooses: by price, by speed as it changes, by what a request needs; and how it says why.</summary>
public sealed class RoutingTests(RoutingTests.Fixture fixture) : IClassFixture<RoutingTests.Fixture>
{
    private const string WithImage = """
        {"model":"auto:cost_optimized","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}
        """;

    [Theory]
    [InlineData("auto:cost_optimized", "cheap")]
    [InlineData("auto:quality_optimized", "dear")]
    [InlineData("auto:local_first", "house")]
    [InlineData("auto:priority", "cheap")]
    [InlineData("cost_optimized", "cheap")]
    [InlineData("chain:high_quality", "dear")]
    [InlineData("local_only", "house")]
    [InlineData("code_generation", "dear")]
    public async Task Strategy_OrPredefinedChain_AsksTheDocumentedLlm(string model, string llm)
    {
        Reply reply = await fixture.Client.ChatAsync(model);

        Expect.Ok(reply);
        Assert.Equal(llm, reply.Header("x-llm-model"));
    }

    [Fact]
    public async Task Need_ImpliedByTheRequest_PassesOverWhoCannot()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", WithImage);

        Expect.Ok(reply);
        Assert.Equal("dear", reply.Header("x-llm-model")); // cheap and house list capabilities, and vision is not among them.
    }

    [Fact]
    public async Task Need_NobodyMeets_IsRefusedNamingEachFilter()
    {
        Reply reply = await fixture.Client.ChatAsync("auto", ("x-llm-capability", "long_context"));

        string message = Expect.Error(reply, 400, "invalid_value");
        Assert.Contains("[cheap] capability:", message, StringComparison.Ordinal);
        Assert.Contains("[dear] capability:", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Choice_ItsFirstFails_IsFollowedInTheStrategysOrder()
    {
        fixture.Upstream.Once("cheap-model", Answers.Error(401, "Incorrect API key provided", "invalid_api_key"));

        Reply reply = await fixture.Client.ChatAsync("auto:cost_optimized", ("x-llm-prefer-local", "false"));

        Expect.Ok(reply);
        Assert.Equal("house", reply.Header("x-llm-model"));
        Assert.Contains("cheap", reply.Header("x-llm-fallback"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_Asked_TellsCandidatesAndOrder()
    {
        Reply reply = await fixture.Client.ChatAsync("auto:cost_optimized", ("x-llm-explain", "true"));

        Expect.Ok(reply);
        JsonNode explain = reply.Json["llm"]!["explain"]!;
        Assert.Equal("cost_optimized", (string?)explain["strategy"]);
        Assert.Equal("cheap", (string?)explain["order"]![0]);
        Assert.Equal("cheap", (string?)reply.Json["llm"]!["model"]);
        Assert.NotNull(Candidate(explain, "cheap")["parts"]!["cost_usd"]);
        Assert.Null(Candidate(explain, "dear")["removed"]);
    }

    [Fact]
    public async Task Explain_InAStream_StandsOnTheLastChunk()
    {
        await using StreamReply reply = await fixture.Client.StreamChatAsync("auto", ("x-llm-explain", "on"), ("x-llm-capability", "vision"));
        List<string> data = await reply.Events.RestAsync();

        JsonNode last = JsonNode.Parse(data[^2])!;
        Assert.Equal("capability", (string?)Candidate(last["llm"]!["explain"]!, "cheap")["removed"]!["reason"]);
        Assert.Equal("dear", (string?)last["llm"]!["explain"]!["order"]![0]);
    }

    [Fact]
    public async Task Latency_FirstChoiceBecomesSlow_IsLeftWithinTwentyCalls()
    {
        // A moment in which the machine itself stands still is measured as an LLM's latency: then all of it is tried again.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        (string before, string after) = ("", "");
        while (after != "calm" && !limit.IsCancellationRequested)
        {
            fixture.Upstream.On("quick-model", OpenAiAnswers.Default);
            do
            {
                await RaceAsync(40);
                before = await FavouriteAsync("race", 9);
            }
            while (before != "quick" && !limit.IsCancellationRequested);

            fixture.Upstream.On("quick-model", Slowly(TimeSpan.FromMilliseconds(600)));
            await RaceAsync(20);
            after = await FavouriteAsync("race", 9);
        }

        Assert.Equal(("quick", "calm"), (before, after));
    }

    [Fact]
    public async Task Models_List_ShowsPredefinedChainsThatHaveMembers()
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/models");

        string[] ids = [.. reply.Json["data"]!.AsArray().Select(model => (string)model!["id"]!)];
        Assert.All((string[])["high_quality", "cost_optimized", "fast_latency", "local_only", "code_generation"], name => Assert.Contains(name, ids));
    }

    [Fact]
    public async Task DebugLog_OfARealCall_TellsHowItWasRouted()
    {
        Expect.Ok(await fixture.Client.ChatAsync("auto:quality_optimized"));

        string line = await fixture.Gateway.Logs.WaitForAsync("Route for auto:quality_optimized");
        Assert.Contains("\"order\":[\"dear\"", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto:cheapest", "", "")]
    [InlineData("auto", "x-llm-strategy", "cheapest")]
    [InlineData("auto", "x-llm-task", "juggling")]
    [InlineData("auto", "x-llm-capability", "juggling")]
    [InlineData("auto", "x-llm-provider", "acme")]
    [InlineData("auto", "x-llm-chain", "nobody")]
    [InlineData("auto:balanced", "x-llm-strategy", "weighted")]
    public async Task Word_NobodyKnows_Is400(string model, string header, string value)
    {
        Reply reply = header.Length == 0 ? await fixture.Client.ChatAsync(model) : await fixture.Client.ChatAsync(model, (header, value));

        Expect.Error(reply, 400, "invalid_value");
    }

    private static UpstreamAnswer Slowly(TimeSpan time) => async call =>
    {
        await Task.Delay(time, call.Http.RequestAborted);
        await OpenAiAnswers.Default(call);
    };

    private static JsonNode Candidate(JsonNode explain, string name) =>
        explain["candidates"]!.AsArray().Single(candidate => (string?)candidate!["name"] == name)!;

    private async Task RaceAsync(int calls)
    {
        for (int i = 0; i < calls; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("race"));
        }
    }

    private async Task<string> FavouriteAsync(string model, int calls)
    {
        var asked = new List<string>();
        for (int i = 0; i < calls; i++)
        {
            asked.Add((await fixture.Client.ChatAsync(model)).Header("x-llm-model")!);
        }

        return asked.GroupBy(name => name).MaxBy(group => group.Count())!.Key;
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings()
        {
            Other.On("calm-model", Slowly(TimeSpan.FromMilliseconds(150)));
            return new GatewaySettings
            {
                Environment = new Dictionary<string, string> { ["LOG_LEVEL"] = "DEBUG" },
                Config = Config(new
                {
                    Llms = new object[]
                    {
                        new { Name = "cheap", Provider = "openai", Model = "cheap-model", BaseUrl = Upstream.BaseUrl, Auth = new { api_key = "k" }, Priority = 1, Quality = 40, InputPricePerMillion = 0.1, OutputPricePerMillion = 0.4, Capabilities = new[] { "tools" } },
                        new { Name = "dear", Provider = "openai", Model = "dear-model", BaseUrl = Other.BaseUrl, Auth = new { api_key = "k" }, Priority = 2, Quality = 95, InputPricePerMillion = 10, OutputPricePerMillion = 30, Capabilities = new[] { "tools", "vision", "json", "code" } },
                        new { Name = "house", Provider = "vllm", Model = "house-model", BaseUrl = Other.BaseUrl, Priority = 3, Quality = 60, InputPricePerMillion = 0.2, OutputPricePerMillion = 0.6, Capabilities = new[] { "tools" } },
                        new { Name = "quick", Provider = "openai", Model = "quick-model", BaseUrl = Upstream.BaseUrl, Auth = new { api_key = "k" }, Scope = "global", Priority = 90, Endpoints = new[] { "chat" }, Quality = 1, InputPricePerMillion = 99, OutputPricePerMillion = 99, Capabilities = new[] { "tools" } },
                        new { Name = "calm", Provider = "openai", Model = "calm-model", BaseUrl = Other.BaseUrl, Auth = new { api_key = "k" }, Priority = 91, Quality = 1, InputPricePerMillion = 99, OutputPricePerMillion = 99, Capabilities = new[] { "tools" } },
                    },
                    Chains = new { race = new { Llms = new[] { "quick", "calm" }, Strategy = "latency_optimized" } },
                }),
            };
        }
    }
}
