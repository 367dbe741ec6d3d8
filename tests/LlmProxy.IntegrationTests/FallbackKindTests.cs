using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Who is asked next depends on what went wrong: a context that is too small, a content policy, an LLM that is full.</summary>
public sealed class FallbackKindTests(FallbackKindTests.Fixture fixture) : IClassFixture<FallbackKindTests.Fixture>
{
    private static readonly UpstreamAnswer TooLong = Answers.Error(400, "This model's maximum context length is 8000 tokens", "context_length_exceeded");
    private static readonly UpstreamAnswer Unfit = Answers.Error(400, "Your request was rejected by our safety system", "content_policy_violation");

    [Fact]
    public async Task Context_IsTooSmall_ALargerOneIsAskedAndASmallerOneIsNot()
    {
        fixture.Upstream.On("small-model", TooLong);

        Reply reply = await fixture.Client.ChatAsync("growing");

        Expect.Ok(reply);
        Assert.Equal("large", reply.Header("x-llm-model"));
        Assert.Equal(2, Expect.Attempts(reply));
        Assert.Equal("small: context_length_exceeded, tiny: context_length_exceeded", reply.Header("x-llm-fallback"));
        Assert.Empty(fixture.Upstream.CallsFor("tiny-model"));
    }

    [Fact]
    public async Task Context_OfUnknownSize_IsAsked()
    {
        fixture.Upstream.On("small-model", TooLong);

        Assert.Equal("unknown", (await fixture.Client.ChatAsync("guessing")).Header("x-llm-model"));
    }

    [Fact]
    public async Task Context_NoneIsLarger_TheRefusalIsTheAnswer()
    {
        fixture.Upstream.On("small-model", TooLong);

        Reply reply = await fixture.Client.ChatAsync("shrinking");

        Assert.Contains("maximum context length", Expect.Error(reply, 400, "context_length_exceeded"), StringComparison.Ordinal);
        Assert.Empty(fixture.Upstream.CallsFor("tiny-model"));
    }

    [Theory]
    [InlineData("small")]
    [InlineData("shrinking")]
    public async Task Context_NoneIsLarger_AShorterConversationIsAskedWhereTheCallerWishes(string asked)
    {
        fixture.Upstream.Once("small-model", TooLong);
        fixture.Upstream.On("small-model", OpenAiAnswers.Default);
        string turns = string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"role":"user","content":"Question {{i}} with some words"},{"role":"assistant","content":"Answer {{i}} with some words"}"""));
        int before = fixture.Upstream.CallsFor("small-model").Count;

        Reply reply = await fixture.Client.PostAsync(
            "/v1/chat/completions", $$"""{"model":"{{asked}}","messages":[{{turns}},{"role":"user","content":"And now?"}]}""", ("x-llm-truncate", "true"));

        Expect.Ok(reply);
        Assert.Equal("small", reply.Header("x-llm-model"));
        Assert.NotNull(reply.Header("x-llm-truncated"));
        UpstreamCall[] calls = [.. fixture.Upstream.CallsFor("small-model").Skip(before)];
        Assert.Equal(2, calls.Length);
        Assert.True(calls[1].Body.Length < calls[0].Body.Length);
        Assert.Contains("And now?", calls[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ContentPolicy_EndsAnAnswerBeforeItsFirstWord_GoesOnWhereTheOperatorSaysSo()
    {
        const string Filtered = """{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null},"finish_reason":"content_filter"}],"usage":{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1}}""";
        fixture.Upstream.On("strict-model", call => call.WantsStream
            ? Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.Chunk("{}", "\"content_filter\"") + OpenAiAnswers.Done))(call)
            : Answers.Json(Filtered)(call));
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = fixture.Configuration(fallbackOnRefusal: true) });

        Reply untouched = await fixture.Client.ChatAsync("strict-then-large");
        Reply plain = await gateway.Client.ChatAsync("strict-then-large");
        await using StreamReply stream = await gateway.Client.StreamChatAsync("strict-then-large");
        Reply alone = await gateway.Client.ChatAsync("strict");

        Assert.Equal("strict", untouched.Header("x-llm-model"));
        Assert.Equal("large", plain.Header("x-llm-model"));
        Expect.WholeStream(await stream.Events.RestAsync());
        Assert.Equal("large", stream.Header("x-llm-model"));
        Assert.Equal("content_filter", alone.Json["choices"]![0]!["finish_reason"]!.ToString()); // Nobody else: the vendor's own answer is the best there is.
    }

    [Fact]
    public async Task ContentPolicy_Refuses_NobodyElseIsAskedUnlessTheOperatorSaysSo()
    {
        fixture.Upstream.On("strict-model", Unfit);

        Expect.Error(await fixture.Client.ChatAsync("strict-then-large"), 400, "invalid_value");
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = fixture.Configuration(fallbackOnRefusal: true) });
        Reply reply = await gateway.Client.ChatAsync("strict-then-large");

        Expect.Ok(reply);
        Assert.Equal("large", reply.Header("x-llm-model"));
    }

    [Fact]
    public async Task Llm_IsFull_TheCallWaitsForAPlaceWhereNobodyElseIs()
    {
        var gate = new Gate();
        fixture.Upstream.Once("narrow-model", Answers.After(gate, OpenAiAnswers.Default));
        Task<Reply> first = fixture.Client.ChatAsync("narrow");
        await fixture.Upstream.CallAsync("narrow-model");

        Task<Reply> second = fixture.Client.ChatAsync("narrow");
        Reply elsewhere = await fixture.Client.ChatAsync("narrow-then-large");
        gate.Open();

        Expect.Ok(elsewhere);
        Assert.Equal("large", elsewhere.Header("x-llm-model"));
        Assert.Equal("narrow: too_many_parallel_requests", elsewhere.Header("x-llm-fallback"));
        Assert.NotNull(elsewhere.Header("x-llm-queue-ms"));
        Expect.Ok(await first);
        Expect.Ok(await second);
    }

    public sealed class Fixture : GatewayFixture
    {
        public string Configuration(bool fallbackOnRefusal) => Config(new
        {
            Llms = new object[]
            {
                new { Name = "small", Provider = "custom", Model = "small-model", Upstream.BaseUrl, ContextWindow = 8000 },
                new { Name = "tiny", Provider = "custom", Model = "tiny-model", Upstream.BaseUrl, ContextWindow = 4000 },
                new { Name = "large", Provider = "custom", Model = "large-model", Other.BaseUrl, ContextWindow = 128_000 },
                new { Name = "unknown", Provider = "custom", Model = "unknown-model", Other.BaseUrl },
                new { Name = "strict", Provider = "custom", Model = "strict-model", Upstream.BaseUrl },
                new { Name = "narrow", Provider = "custom", Model = "narrow-model", Upstream.BaseUrl, MaxParallel = 1 },
            },
            Chains = new Dictionary<string, string[]>
            {
                ["growing"] = ["small", "tiny", "large"],
                ["guessing"] = ["small", "unknown"],
                ["shrinking"] = ["small", "tiny"],
                ["strict-then-large"] = ["strict", "large"],
                ["narrow-then-large"] = ["narrow", "large"],
            },
            Limits = new { QueueSeconds = 30 },
            Routing = new { FallbackOnRefusal = fallbackOnRefusal },
            Resilience = new { MaxRetries = 0 },
        });

        protected override GatewaySettings Settings() => new() { Config = Configuration(fallbackOnRefusal: false) };
    }
}
