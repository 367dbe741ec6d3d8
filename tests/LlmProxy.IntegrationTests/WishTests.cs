using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What a single request may ask of the gateway, by header and by body, and nothing of it goes further.</summary>
public sealed class WishTests(WishTests.Fixture fixture) : IClassFixture<WishTests.Fixture>
{
    [Fact]
    public async Task Chain_OfItsOwn_IsTriedInItsOrder()
    {
        fixture.Upstream.On("first-model", Answers.Error(500, "Broken"));

        Reply byHeader = await fixture.Client.ChatAsync("auto", ("x-llm-chain", "first, house"));
        Reply byBody = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("auto", "\"llm\":{\"chain\":[\"first\",\"second\"]}"));

        Assert.Equal("house", byHeader.Header("x-llm-model"));
        Assert.Equal("second", byBody.Header("x-llm-model"));
    }

    [Fact]
    public async Task Chain_NobodyKnows_Is400()
    {
        Reply reply = await fixture.Client.ChatAsync("auto", ("x-llm-chain", "first,nobody"));

        Assert.Contains("nobody", Expect.Error(reply, 400, "invalid_value"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Provider_Named_IsTheOnlyOneAsked()
    {
        Reply reply = await fixture.Client.ChatAsync("auto", ("x-llm-provider", "together"));

        Expect.Ok(reply);
        Assert.Equal("together", reply.Header("x-llm-provider"));
    }

    [Fact]
    public async Task LocalOnly_OnAuto_StaysInTheHouse()
    {
        int before = fixture.Other.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync("auto", ("x-llm-local-only", "true"));

        Expect.Ok(reply);
        Assert.Equal("house", reply.Header("x-llm-model"));
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Theory]
    [InlineData("second")]
    [InlineData("together/any-model")]
    public async Task LocalOnly_WithAnExternalName_IsRefused(string model)
    {
        int before = fixture.Other.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync(model, ("x-llm-local-only", "true"));

        Assert.InRange(reply.Status, 400, 503);
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Fact]
    public async Task Session_Named_StaysWithItsReplica()
    {
        for (int i = 0; i < 8; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("replicated", ("x-llm-session", "conversation-7")));
        }

        Assert.Contains((fixture.Upstream.CallsFor("replicated-model").Count, fixture.Other.CallsFor("replicated-model").Count), ((int, int)[])[(8, 0), (0, 8)]);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("on")]
    public async Task Metadata_InAStream_StandsOnTheLastChunkAlone(string value)
    {
        await using StreamReply reply = await fixture.Client.StreamChatAsync("second", ("x-llm-metadata", value));
        List<string> data = await reply.Events.RestAsync();

        Expect.WholeStream(data);
        List<JsonNode?> told = [.. data.SkipLast(1).Select(d => JsonNode.Parse(d)!["llm"])];
        Assert.NotNull(told[^1]);
        Assert.DoesNotContain(told.SkipLast(1), llm => llm is not null);
        Assert.Equal("second", told[^1]!["model"]!.ToString());
    }

    [Fact]
    public async Task Metadata_InAStream_HoldsNoTextBack()
    {
        fixture.Other.Once("second-model", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("One")), Step.Send(OpenAiAnswers.ContentChunk(" two")), Step.Hang));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("second", ("x-llm-metadata", "on"));

        Assert.Equal("One", TextOf(await reply.Events.NextDataAsync()));
        Assert.Equal(" two", TextOf(await reply.Events.NextDataAsync()));
    }

    [Fact]
    public async Task Metadata_InAStreamThatNeverSaysItIsFinished_HasAChunkOfItsOwn()
    {
        fixture.Other.Once("second-model", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("One") + OpenAiAnswers.Done)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("second", ("x-llm-metadata", "on"));
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal("[DONE]", data[^1]);
        JsonNode last = JsonNode.Parse(data[^2])!;
        Assert.Empty(last["choices"]!.AsArray());
        Assert.Equal("second", (string?)last["llm"]!["model"]);
        Assert.Equal("One", TextOf(data[^3]));
    }

    [Fact]
    public async Task Metadata_InAStreamWhoseLastLineIsCut_StandsBeforeItsEnd()
    {
        fixture.Other.Once("second-model", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("One") + OpenAiAnswers.Chunk("{}", "\"stop\"") + "data: [DONE]\n")));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("second", ("x-llm-metadata", "on"));
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal("[DONE]", data[^1]);
        Assert.Equal("second", (string?)JsonNode.Parse(data[^2])!["llm"]!["model"]);
        Assert.Equal(1, data.Count(d => d.Contains("\"llm\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Metadata_NotAskedFor_IsNotThere()
    {
        Assert.Null((await fixture.Client.ChatAsync("second")).Json["llm"]);
    }

    [Theory]
    [InlineData("first", "on")]
    [InlineData("first", "off")]
    public async Task Fallback_OfANamedLlm_NeverReachesAStranger(string model, string wish)
    {
        fixture.Upstream.On("first-model", Answers.Error(500, "Broken"));
        int before = fixture.Other.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync(model, ("x-llm-fallback", wish));

        Assert.InRange(reply.Status, 500, 599);
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("false")]
    public async Task Stream_NotWanted_IsAPlainAnswer(string value)
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("second", $"\"stream\":{value}"));

        Expect.Ok(reply);
        Assert.Equal("application/json", reply.MediaType);
    }

    private static string? TextOf(string? data) => (string?)JsonNode.Parse(data!)!["choices"]![0]!["delta"]!["content"];

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "first", Provider = "custom", Model = "first-model", Upstream.BaseUrl, Priority = 1 },
                    new { Name = "second", Provider = "custom", Model = "second-model", Other.BaseUrl, Priority = 2 },
                    new { Name = "house", Provider = "custom", Model = "house-model", Upstream.BaseUrl, Local = true, Priority = 3 },
                    new { Name = "pinned", Provider = "together", Model = "*", Other.BaseUrl, Auth = new { api_key = "sk-1" }, Priority = 4 },
                    new { Name = "named-together", Provider = "together", Model = "some-model", Other.BaseUrl, Auth = new { api_key = "sk-1" }, Priority = 5 },
                    new { Name = "replicated", Provider = "custom", Model = "replicated-model", Destinations = new[] { Upstream.BaseUrl, Other.BaseUrl } },
                },
                Routing = new { ReplicaPolicy = "session" },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
