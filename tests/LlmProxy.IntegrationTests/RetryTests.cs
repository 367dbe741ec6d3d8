using System.Text;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What may pass is tried again at the same LLM first; what will not is not.</summary>
public sealed class RetryTests(RetryTests.Fixture fixture) : IClassFixture<RetryTests.Fixture>
{
    private static readonly byte[] WholeAnswer = Encoding.UTF8.GetBytes(OpenAiAnswers.ChatJson("never seen"));

    private static readonly Dictionary<string, UpstreamAnswer> Passing = new()
    {
        ["500"] = Answers.Error(500, "The server had an error"),
        ["502"] = Answers.Html(502),
        ["503"] = Answers.Error(503, "Overloaded"),
        ["529"] = Answers.Error(529, "Overloaded"),
        ["408"] = Answers.Error(408, "Took too long"),
        ["429"] = Answers.Error(429, "Slow down"),
        ["429-now"] = Answers.Error(429, "Slow down", null, ("Retry-After", "0")),
        ["reset"] = Answers.ResetBeforeHeaders,
        ["cut"] = Answers.ResetAfter(WholeAnswer, 60),
        ["error-event"] = Answers.ErrorAsFirstEvent,
        ["reset-before-token"] = Answers.ResetBeforeFirstToken,
        ["end-before-token"] = Answers.EndBeforeFirstToken,
    };

    private static readonly Dictionary<string, UpstreamAnswer> Lasting = new()
    {
        ["400"] = Answers.Error(400, "No"),
        ["401"] = Answers.Error(401, "Incorrect API key provided", "invalid_api_key"),
        ["403"] = Answers.Error(403, "No"),
        ["404"] = Answers.Error(404, "The model does not exist", "model_not_found"),
        ["413"] = Answers.Error(413, "Too large"),
        ["422"] = Answers.Error(422, "No"),
        ["quota"] = Answers.Error(429, "You exceeded your current quota", "insufficient_quota"),
        ["redirect"] = Answers.Json("{}", 307, ("Location", "http://127.0.0.1:9/")),
        ["route"] = Answers.Html(404),
        ["html"] = Answers.Html(200),
        ["hang"] = Answers.HangBeforeHeaders,
    };

    public static TheoryData<string> PassingPlain => [.. Passing.Keys.Where(k => k is not ("error-event" or "reset-before-token" or "end-before-token"))];

    public static TheoryData<string> PassingStreams => [.. Passing.Keys.Where(k => k != "cut")];

    public static TheoryData<string> LastingFailures => [.. Lasting.Keys];

    [Theory]
    [MemberData(nameof(PassingPlain))]
    public async Task Plain_FailsTwiceAndThenAnswers_IsThatLlmsAnswer(string failure)
    {
        string model = "plain-" + failure;
        fixture.Upstream.Once(model, Passing[failure], Passing[failure]);

        Reply reply = await fixture.Client.ChatAsync("custom/" + model);

        Expect.Ok(reply);
        Assert.Equal(OpenAiAnswers.Text, reply.Content);
        // A reset on a reused connection is tried again at once and not counted.
        Assert.InRange(Expect.Attempts(reply), failure is "reset" or "cut" ? 2 : 3, 3);
        Assert.Null(reply.Header("x-llm-fallback"));
    }

    [Theory]
    [MemberData(nameof(PassingStreams))]
    public async Task Stream_FailsTwiceAndThenAnswers_IsThatLlmsAnswer(string failure)
    {
        string model = "stream-" + failure;
        fixture.Upstream.Once(model, Passing[failure], Passing[failure]);

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/" + model);

        Expect.WholeStream(await reply.Events.RestAsync());
        Assert.Contains(reply.Header("x-llm-attempts"), failure.StartsWith("reset", StringComparison.Ordinal) ? ["2", "3"] : (string[])["3"]);
        Assert.Null(reply.Header("x-llm-fallback"));
    }

    [Theory]
    [MemberData(nameof(LastingFailures))]
    public async Task Failure_ThatWillNotPass_IsNotTriedAgain(string failure)
    {
        string model = "lasting-" + failure;
        fixture.Upstream.On(model, Lasting[failure]);

        Reply reply = await fixture.Client.ChatAsync("custom/" + model);

        Assert.InRange(reply.Status, 400, 599);
        Assert.Single(fixture.Upstream.CallsFor(model));
    }

    [Theory]
    [InlineData("0", 1)]
    [InlineData("1", 2)]
    [InlineData("4", 5)]
    [InlineData(null, 3)]
    public async Task Wish_Retries_SaysHowOften(string? wish, int calls)
    {
        string model = $"wished-{wish ?? "nothing"}";
        fixture.Upstream.On(model, Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.ChatAsync("custom/" + model, wish is null ? [] : [("x-llm-retries", wish)]);

        Expect.Error(reply, 502, "provider_error");
        Assert.Equal(calls, fixture.Upstream.CallsFor(model).Count);
    }

    [Fact]
    public async Task Chain_FirstKeepsFailing_IsRetriedBeforeTheSecond()
    {
        fixture.Upstream.On("first-model", Answers.Error(500, "Broken"));
        int before = fixture.Upstream.CallsFor("first-model").Count;

        Reply reply = await fixture.Client.ChatAsync("pair");

        Expect.Ok(reply);
        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.Equal(4, Expect.Attempts(reply));
        Assert.Equal("first: provider_error", reply.Header("x-llm-fallback"));
        Assert.Equal(3, fixture.Upstream.CallsFor("first-model").Count - before);
    }

    [Fact]
    public async Task Chain_AllKeepFailing_EachIsNamedOnce()
    {
        fixture.Upstream.On("first-model", Answers.Error(500, "Broken for good"));
        fixture.Other.Once("second-model", [.. Enumerable.Repeat(Answers.Error(503, "Worse"), 3)]);

        string message = Expect.Error(await fixture.Client.ChatAsync("pair"), 503, "all_providers_failed");

        Assert.Equal(2, message.Split("[first]").Length);
        Assert.Equal(2, message.Split("[second]").Length);
        Assert.Equal(2, message.Split("Broken for good").Length);
    }

    [Fact]
    public async Task RetryAfter_LongerThanWaitsMayBe_TheNextLlmIsAskedAtOnce()
    {
        fixture.Upstream.On("first-model", Answers.Error(429, "Slow down", null, ("Retry-After", "20")));
        int before = fixture.Upstream.CallsFor("first-model").Count;

        Reply reply = await fixture.Client.ChatAsync("pair");

        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.Equal(2, Expect.Attempts(reply));
        Assert.Equal(1, fixture.Upstream.CallsFor("first-model").Count - before);
    }

    [Fact]
    public async Task RetryAfter_OfTheOnlyLlm_IsObeyed()
    {
        fixture.Upstream.Once("advised", Answers.Error(429, "Slow down", null, ("retry-after-ms", "400")));

        Reply reply = await fixture.Client.ChatAsync("custom/advised");

        Expect.Ok(reply);
        IReadOnlyList<UpstreamCall> calls = fixture.Upstream.CallsFor("advised");
        Assert.Equal(2, calls.Count);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(calls[0].ArrivedAt, calls[1].ArrivedAt) >= TimeSpan.FromMilliseconds(390));
    }

    [Fact]
    public async Task RetryAfter_BeyondTheDeadline_IsNotWaited()
    {
        fixture.Upstream.On("patient", Answers.Error(429, "Slow down", null, ("Retry-After", "3000")));

        Reply reply = await fixture.Client.ChatAsync("custom/patient");

        Expect.Error(reply, 429, "rate_limit_exceeded");
        Assert.Equal("3000", reply.Header("retry-after"));
        Assert.Single(fixture.Upstream.CallsFor("patient"));
    }

    [Fact]
    public async Task Client_LeavesDuringTheWait_NobodyIsAskedForItAgain()
    {
        fixture.Upstream.Once("left", Answers.Error(429, "Slow down", null, ("Retry-After", "100")));
        using var leave = new CancellationTokenSource();

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(GatewayCalls.ChatBody("custom/left"), Encoding.UTF8, "application/json") };
        Task<HttpResponseMessage> call = fixture.Client.SendAsync(request, leave.Token);
        await (await fixture.Upstream.CallAsync("left")).Answered;
        int from = fixture.Gateway.Logs.Count;
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await fixture.Gateway.Logs.WaitForAsync("client_gone", from);
        Assert.Single(fixture.Upstream.CallsFor("left"));
    }

    [Fact]
    public async Task Retries_AreAttempts_InMetadataAndMetrics()
    {
        fixture.Upstream.Once("counted-model", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.ChatAsync("counted", ("x-llm-metadata", "true"));

        Assert.Equal("2", reply.Json["llm"]!["attempts"]!.ToJsonString().Trim('"'));
        string metrics = (await fixture.Client.FetchAsync("/metrics")).Text;
        Assert.Contains("llm_attempts_total{backend=\"custom\",model=\"counted\",outcome=\"provider_error\"} 1", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("llm_fallbacks_total{from=\"counted\"", metrics, StringComparison.Ordinal);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "any", Provider = "custom", Model = "*", Upstream.BaseUrl },
                    new { Name = "hanging", Provider = "custom", Model = "lasting-hang", Upstream.BaseUrl, TimeoutSeconds = 1, FirstTokenTimeoutSeconds = 1 },
                    new { Name = "first", Provider = "custom", Model = "first-model", Upstream.BaseUrl },
                    new { Name = "second", Provider = "custom", Model = "second-model", Other.BaseUrl },
                    new { Name = "counted", Provider = "custom", Model = "counted-model", Upstream.BaseUrl },
                },
                Chains = new { pair = new[] { "first", "second" } },
                Resilience = new { MaxRetries = 2, BaseDelayMs = 1, MaxDelayMs = 500, BreakerFailures = 10_000 },
            }),
        };
    }
}
