using System.Diagnostics;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Time is shared between attempts, and only waiting for the vendor counts.</summary>
public sealed class DeadlineTests(DeadlineTests.Fixture fixture) : IClassFixture<DeadlineTests.Fixture>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FirstHangs_HalfOfTheDeadlineIsLeftForTheSecond(bool stream)
    {
        fixture.Upstream.On("first-model", Answers.HangBeforeHeaders);
        long begin = Stopwatch.GetTimestamp();

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("pair", $"\"stream\":{(stream ? "true" : "false")}"));

        Expect.Ok(reply);
        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 3.5, 30);
    }

    [Fact]
    public async Task AllHang_TheDeadlineEndsTheCall()
    {
        fixture.Upstream.On("first-model", Answers.HangBeforeHeaders);
        fixture.Other.On("hanging-model", Answers.HangBeforeHeaders);
        long begin = Stopwatch.GetTimestamp();

        Reply reply = await fixture.Client.ChatAsync("hanging-pair");

        Assert.InRange(reply.Status, 503, 504);
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 7.5, 30);
    }

    [Fact]
    public async Task Stream_LongerThanTheDeadline_IsNotCut()
    {
        fixture.Upstream.On("long-model", Answers.Sse([
            .. Enumerable.Range(0, 12).SelectMany(i => (Step[])[Step.Send(OpenAiAnswers.ContentChunk($"{i} ")), Step.Pause(TimeSpan.FromMilliseconds(750))]),
            Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)]));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("long");

        Expect.WholeStream(await reply.Events.RestAsync(), "0 1 2 3 4 5 6 7 8 9 10 11 ");
    }

    [Fact]
    public async Task Stream_WithATotalAskedFor_EndsThere()
    {
        // Never silent for long: what ends it is the caller's total alone, and no deadline for something more to come.
        fixture.Upstream.On("endless-model", Answers.Sse([
            Step.Send(OpenAiAnswers.ContentChunk("first")),
            .. Enumerable.Range(0, 1000).SelectMany(i => (Step[])[Step.Pause(TimeSpan.FromMilliseconds(100)), Step.Send(OpenAiAnswers.ContentChunk($" {i}"))])]));

        // A total that is over before a busy machine has come to the first output is told as a status: then twice as much is given.
        List<string> data = [];
        for (int totalMs = 1000; data.Count == 0 && totalMs <= 32_000; totalMs *= 2)
        {
            await using StreamReply reply = await fixture.Client.StreamChatAsync("endless", ("x-llm-timeout-ms", $"{totalMs}"));
            Assert.Equal(reply.Status == 200 ? "text/event-stream" : "application/json", reply.MediaType);
            data = await reply.Events.RestAsync();
        }

        Assert.Contains("first", data[0], StringComparison.Ordinal);
        Expect.Error(data[^1], 504, "provider_timeout");
        await (await fixture.Upstream.CallAsync("endless-model")).Aborted;
    }

    [Fact]
    public async Task Reader_SlowerThanTheIdleTimeout_GetsEverything()
    {
        // Far more than all buffers between hold, so that the gateway must wait for its client and not for its vendor.
        string piece = OpenAiAnswers.ContentChunk(new string('x', 60_000));
        fixture.Upstream.On("flood-model", Answers.Sse([
            .. Enumerable.Range(0, 300).Select(_ => Step.Send(piece)), Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)]));
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("flood", "\"stream\":true"), ("Connection", "close"));
        await client.ReadHeadAsync();

        await Task.Delay(TimeSpan.FromSeconds(6)); // One and a half times the idle timeout, without reading.
        string rest = await client.ReadToEndAsync(TimeSpan.FromSeconds(30));

        Assert.Contains("[DONE]", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("\"error\"", rest, StringComparison.Ordinal);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "first", Provider = "custom", Model = "first-model", Upstream.BaseUrl },
                    new { Name = "second", Provider = "custom", Model = "second-model", Other.BaseUrl },
                    new { Name = "hanging", Provider = "custom", Model = "hanging-model", Other.BaseUrl },
                    new { Name = "long", Provider = "custom", Model = "long-model", Upstream.BaseUrl },
                    new { Name = "endless", Provider = "custom", Model = "endless-model", Upstream.BaseUrl },
                    new { Name = "flood", Provider = "custom", Model = "flood-model", Upstream.BaseUrl, IdleTimeoutSeconds = 4 },
                },
                Chains = new Dictionary<string, string[]> { ["pair"] = ["first", "second"], ["hanging-pair"] = ["first", "hanging"] },
                Resilience = new { MaxRetries = 0, DeadlineSeconds = 8, BreakerFailures = 10_000 },
            }),
        };
    }
}
