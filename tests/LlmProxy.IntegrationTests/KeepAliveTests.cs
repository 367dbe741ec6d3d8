using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A stream that waits is kept alive by comments, and what follows behind them is as good as without.</summary>
public sealed class KeepAliveTests(KeepAliveTests.Fixture fixture) : IClassFixture<KeepAliveTests.Fixture>
{
    [Fact]
    public async Task WaitingStream_IsKeptAliveByComments_ThenAnswers()
    {
        var gate = new Gate();
        fixture.Upstream.On("waits", Answers.After(gate, OpenAiAnswers.Default));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/waits");
        string? comment = await reply.Events.NextAsync();
        gate.Open();
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal(200, reply.Status);
        Assert.Equal("text/event-stream", reply.MediaType);
        Assert.StartsWith(":", comment, StringComparison.Ordinal);
        Expect.WholeStream(data);
        Assert.NotNull(reply.Header("x-request-id"));
        Assert.All(["x-llm-provider", "x-llm-model", "x-llm-attempts", "x-llm-fallback"], name => Assert.Null(reply.Header(name)));
    }

    [Fact]
    public async Task WaitingStream_FirstFailsBehindTheComments_TheSecondAnswers()
    {
        var gate = new Gate();
        fixture.Upstream.On("first-model", Answers.After(gate, Answers.Error(500, "Broken")));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("pair");
        string? comment = await reply.Events.NextAsync();
        gate.Open();

        Assert.StartsWith(":", comment, StringComparison.Ordinal);
        Expect.WholeStream(await reply.Events.RestAsync());
        Assert.Single(fixture.Other.CallsFor("second-model"));
    }

    [Fact]
    public async Task WaitingStream_AllFailBehindTheComments_OneErrorEvent()
    {
        var gate = new Gate();
        fixture.Upstream.On("fails", Answers.After(gate, Answers.Error(500, "Broken")));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/fails");
        await reply.Events.NextAsync();
        gate.Open();
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal(200, reply.Status);
        Expect.Error(Assert.Single(data), 502, "provider_error");
    }

    [Fact]
    public async Task WaitingStream_MetadataAskedFor_TheLastChunkSaysWhoAnswered()
    {
        var gate = new Gate();
        fixture.Upstream.On("told", Answers.After(gate, OpenAiAnswers.Default));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/told", ("x-llm-metadata", "true"));
        await reply.Events.NextAsync();
        gate.Open();
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal("[DONE]", data[^1]);
        JsonNode llm = Assert.Single(data.SkipLast(1).Select(d => JsonNode.Parse(d)!["llm"]).OfType<JsonNode>());
        Assert.Equal("custom", llm["provider"]?.ToString());
        Assert.NotNull(JsonNode.Parse(data[^2])!["llm"]);
    }

    [Fact]
    public async Task PlainCall_ThatWaits_GetsNoComments()
    {
        fixture.Upstream.On("plain-waits", async call =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1300), call.Http.RequestAborted);
            await OpenAiAnswers.Default(call);
        });

        Reply reply = await fixture.Client.ChatAsync("custom/plain-waits");

        Expect.Ok(reply);
        Assert.StartsWith("{", reply.Text, StringComparison.Ordinal);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl },
                    new { Name = "first", Provider = "custom", Model = "first-model", Upstream.BaseUrl },
                    new { Name = "second", Provider = "custom", Model = "second-model", Other.BaseUrl },
                },
                Chains = new { pair = new[] { "first", "second" } },
                Limits = new { KeepAliveSeconds = 1 },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
