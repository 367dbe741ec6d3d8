using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.IntegrationTests;

/// <summary>Equal calls at the same time: one of them asks the vendor, all have its answer, whoever leaves or fails.</summary>
public sealed class SharedCallsTests(SharedCallsTests.Fixture fixture) : IClassFixture<SharedCallsTests.Fixture>
{
    private const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task HundredPlainCallsAtOnce_AreOneCallUpstream()
    {
        var gate = new Gate();
        fixture.Upstream.On("plain", Answers.After(gate, OpenAiAnswers.Chat("shared")));
        Task<Reply>[] calls = [.. Enumerable.Range(0, 100).Select(_ => fixture.Client.ChatAsync("custom/plain"))];
        await fixture.Upstream.CallAsync("plain");
        gate.Open();

        Reply[] replies = await Task.WhenAll(calls);

        Assert.All(replies, reply => Assert.Equal("shared", reply.Content));
        Assert.Equal(99, replies.Count(r => r.Header("x-llm-cache") == "hit" && r.Header("x-llm-cost-usd") == "0" && r.Header("age") is not null));
        Assert.Single(replies, r => r.Header("x-llm-cache") == "miss");
        Assert.Single(fixture.Upstream.CallsFor("plain"));
    }

    [Fact]
    public async Task HundredStreamsAtOnce_ReadAsItComes_AreOneCallUpstream()
    {
        var gate = new Gate();
        fixture.Upstream.On("streamed", Slow("streamed", gate));
        StreamReply[] streams = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => fixture.Client.StreamChatAsync("custom/streamed")));
        string[] begun = await Task.WhenAll(streams.Select(async s => await FirstWordsAsync(s)));
        gate.Open(); // All have the first half before the second is there.

        List<string>[] whole = await Task.WhenAll(streams.Select(s => RestAsync(s)));

        Assert.All(begun, text => Assert.Contains("first", text, StringComparison.Ordinal));
        Assert.All(whole, data => Assert.Equal("[DONE]", data[^1]));
        Assert.All(streams, s => Assert.Equal("first second", SseReader.ContentOf([.. ChatAccumulator.DataOf(s.Events.Raw)])));
        Assert.Equal(99, streams.Count(s => s.Header("x-llm-cache") == "hit"));
        Assert.Single(fixture.Upstream.CallsFor("streamed"));
        foreach (StreamReply stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task PlainCall_WhileAStreamRuns_HasItsAnswerWhole()
    {
        var gate = new Gate();
        fixture.Upstream.On("mixed", Slow("mixed", gate));
        await using StreamReply leader = await fixture.Client.StreamChatAsync("custom/mixed");
        await FirstWordsAsync(leader);
        Task<Reply> plain = fixture.Client.ChatAsync("custom/mixed");
        Task<Reply> counted = fixture.Client.PostAsync(Chat, GatewayCalls.ChatBody("custom/mixed", "\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        gate.Open();

        Assert.Equal("first second", (await plain).Content);
        SeenAnswer seen = ChatAccumulator.Stream(ChatAccumulator.DataOf((await counted).Text), askedForUsage: true);
        Assert.Empty(seen.Problems);
        Assert.Equal("first second", seen.Text);
        Assert.Single(fixture.Upstream.CallsFor("mixed"));
    }

    [Fact]
    public async Task LeadersClient_Leaves_OthersHaveTheWholeAnswer()
    {
        var gate = new Gate();
        fixture.Upstream.On("left", Slow("left", gate));
        await using RawClient leader = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await leader.PostAsync(Chat, GatewayCalls.ChatBody("custom/left", "\"stream\":true"));
        await leader.ReadUntilAsync("first");
        await using StreamReply follower = await fixture.Client.StreamChatAsync("custom/left");
        await FirstWordsAsync(follower);

        leader.Reset();
        gate.Open();

        Assert.Equal("[DONE]", (await RestAsync(follower))[^1]);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("left"));
        Assert.False(call.IsAborted);
        Assert.Equal("hit", (await fixture.Client.ChatAsync("custom/left")).Header("x-llm-cache"));
    }

    [Fact]
    public async Task LastClient_Leaves_TheVendorIsNotKeptWorking()
    {
        var gate = new Gate();
        fixture.Upstream.On("all-left", Slow("all-left", gate));
        RawClient[] clients = [await RawClient.ConnectAsync(fixture.Gateway.BaseUrl), await RawClient.ConnectAsync(fixture.Gateway.BaseUrl)];
        foreach (RawClient client in clients)
        {
            await client.PostAsync(Chat, GatewayCalls.ChatBody("custom/all-left", "\"stream\":true"));
            await client.ReadUntilAsync("first");
        }

        foreach (RawClient client in clients)
        {
            client.Reset();
        }

        await Assert.Single(fixture.Upstream.CallsFor("all-left")).Aborted;
        fixture.Upstream.On("all-left", OpenAiAnswers.Chat("anew"));
        Reply after = await fixture.Client.ChatAsync("custom/all-left");
        Assert.Equal(("miss", "anew"), (after.Header("x-llm-cache"), after.Content));
    }

    [Fact]
    public async Task Leader_Fails_OneOfTheOthersAsksAnew()
    {
        var gate = new Gate();
        fixture.Upstream.On("healing", OpenAiAnswers.Chat("well"));
        fixture.Upstream.Once("healing", Answers.After(gate, Answers.Error(500, "Broken")));
        Task<Reply> leader = fixture.Client.ChatAsync("custom/healing");
        await gate.Reached;
        Task<Reply>[] others = [.. Enumerable.Range(0, 20).Select(_ => fixture.Client.ChatAsync("custom/healing"))];
        gate.Open();

        Assert.Equal(502, (await leader).Status);
        Assert.All(await Task.WhenAll(others), reply => Assert.Equal("well", reply.Content));
        Assert.Equal(2, fixture.Upstream.CallsFor("healing").Count);
    }

    [Fact]
    public async Task Follower_ThatAsksAnew_HasTheOnePlaceItWaitedIn()
    {
        (Gate fails, Gate heals) = (new Gate(), new Gate());
        fixture.Upstream.On("placed", Answers.After(heals, OpenAiAnswers.Chat("well")));
        fixture.Upstream.Once("placed", Answers.After(fails, Answers.Error(500, "Broken")));
        Task<Reply> leader = fixture.Client.ChatAsync("custom/placed", ("x-api-key", Fixture.Two));
        await fails.Reached;
        Task<Reply> follower = fixture.Client.ChatAsync("custom/placed", ("x-api-key", Fixture.Two));
        fails.Open();
        Assert.Equal(502, (await leader).Status);
        await heals.Reached;

        Expect.Ok(await fixture.Client.ChatAsync("custom/other", ("x-api-key", Fixture.Two)));

        heals.Open();
        Assert.Equal("well", (await follower).Content);
    }

    [Fact]
    public async Task Stream_ThatBreaksAfterOutput_EndsForAllWithTheirOwnError()
    {
        var gate = new Gate();
        fixture.Upstream.On("breaking", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk("first")), Step.Wait(gate), Step.Break));
        await using StreamReply leader = await fixture.Client.StreamChatAsync("custom/breaking");
        await FirstWordsAsync(leader);
        await using StreamReply follower = await fixture.Client.StreamChatAsync("custom/breaking");
        await FirstWordsAsync(follower);
        gate.Open();

        string last = (await RestAsync(follower))[^1];

        Expect.Error(last, 502, "provider_error");
        Assert.Contains(follower.Header("x-request-id")!, last, StringComparison.Ordinal);
        Assert.Contains(leader.Header("x-request-id")!, (await RestAsync(leader))[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherWorkspace_AsksForItself()
    {
        var gate = new Gate();
        fixture.Upstream.On("apart", Answers.After(gate, OpenAiAnswers.Chat("each its own")));
        Task<Reply> here = fixture.Client.ChatAsync("custom/apart", ("x-api-key", Fixture.Here));
        Task<Reply> there = fixture.Client.ChatAsync("custom/apart", ("x-api-key", Fixture.There));
        await fixture.Upstream.CallAsync("apart");
        gate.Open();

        Assert.Equal(["miss", "miss"], (await Task.WhenAll(here, there)).Select(r => r.Header("x-llm-cache")));
        Assert.Equal(2, fixture.Upstream.CallsFor("apart").Count);
    }

    [Fact]
    public async Task Follower_WhoseTimeIsUp_IsTold()
    {
        var gate = new Gate();
        fixture.Upstream.On("late", Answers.After(gate, OpenAiAnswers.Chat("late")));
        Task<Reply> leader = fixture.Client.ChatAsync("custom/late");
        await gate.Reached;

        Reply hurried = await fixture.Client.ChatAsync("custom/late", ("x-llm-timeout-ms", "50"));
        gate.Open();

        Expect.Error(hurried, 504, "provider_timeout");
        Assert.Equal("late", (await leader).Content);
        Assert.Single(fixture.Upstream.CallsFor("late"));
    }

    [Fact]
    public async Task AnswerTooLargeToKeep_StillReachesAllWhoFollowIt()
    {
        var gate = new Gate();
        string many = new('a', 30_000);
        fixture.Upstream.On("large", Answers.Sse(
            Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk("first")), Step.Wait(gate), Step.Send(OpenAiAnswers.ContentChunk(many)), Step.Send(OpenAiAnswers.ContentChunk(many)),
            Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")), Step.Send(OpenAiAnswers.Done)));
        await using StreamReply leader = await fixture.Client.StreamChatAsync("custom/large");
        await FirstWordsAsync(leader);
        await using StreamReply follower = await fixture.Client.StreamChatAsync("custom/large");
        await FirstWordsAsync(follower);
        gate.Open();

        Assert.Equal("[DONE]", (await RestAsync(follower))[^1]);
        Assert.Equal("first" + many + many, SseReader.ContentOf([.. ChatAccumulator.DataOf(follower.Events.Raw)]));
        Assert.Equal("[DONE]", (await RestAsync(leader))[^1]);
        await using StreamReply after = await fixture.Client.StreamChatAsync("custom/large");
        Assert.Equal("miss", after.Header("x-llm-cache"));
    }

    private static UpstreamAnswer Slow(string model, Gate gate) => Answers.Sse(
        Step.Send(OpenAiAnswers.Chunk("""{"role":"assistant","content":""}""", model: model)),
        Step.Send(OpenAiAnswers.Chunk("""{"content":"first"}""", model: model)),
        Step.Wait(gate),
        Step.Send(OpenAiAnswers.Chunk("""{"content":" second"}""", model: model)),
        Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"", model)),
        Step.Send(OpenAiAnswers.UsageChunk(model)),
        Step.Send(OpenAiAnswers.Done));

    private static async Task<string> FirstWordsAsync(StreamReply stream)
    {
        Assert.Equal(200, stream.Status);
        while (!stream.Events.Raw.Contains("first", StringComparison.Ordinal))
        {
            Assert.NotNull(await stream.Events.NextAsync());
        }

        return stream.Events.Raw;
    }

    private static async Task<List<string>> RestAsync(StreamReply stream)
    {
        while (await stream.Events.NextAsync() is not null)
        {
        }

        return [.. ChatAccumulator.DataOf(stream.Events.Raw)];
    }

    public sealed class Fixture : GatewayFixture
    {
        public const string Here = "sk-here-0123456789-0123456789";
        public const string Two = "sk-two-0123456789-0123456789";
        public const string There = "sk-there-0123456789-0123456789";

        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Auth = new { Mode = "open" },
                Keys = new object[]
                {
                    new { Name = "two", Key = Two, Workspace = "two", MaxParallel = 2, BudgetUsd = 1000 },
                    new { Name = "here", Key = Here, Workspace = "here" },
                    new { Name = "there", Key = There, Workspace = "there" },
                },
                Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl, InputPricePerMillion = 1, OutputPricePerMillion = 1 } },
                Cache = new { Enabled = true, MaxBytes = 200_000 },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
