using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Whatever the first LLM does before its first output, the client gets the second's answer and is told why.</summary>
public sealed class FailoverTests(FailoverTests.Fixture fixture) : IClassFixture<FailoverTests.Fixture>
{
    private static readonly byte[] WholeAnswer = Encoding.UTF8.GetBytes(OpenAiAnswers.ChatJson("never seen"));

    /// <summary>Each way to fail, with the part of the reason that the client is told.</summary>
    private static readonly Dictionary<string, (UpstreamAnswer Answer, string Reason)> Failures = new()
    {
        ["refused"] = (OpenAiAnswers.Default, ""),
        ["error-500"] = (Answers.Error(500, "The server had an error"), "provider_error"),
        ["error-503"] = (Answers.Error(503, "Overloaded"), "provider_error"),
        ["error-429"] = (Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "30")), "rate_limit_exceeded"),
        ["error-401"] = (Answers.Error(401, "Incorrect API key provided", "invalid_api_key"), "provider_auth_failed"),
        ["quota"] = (Answers.Error(429, "You exceeded your current quota", "insufficient_quota"), "provider_quota_exhausted"),
        ["error-404"] = (Answers.Error(404, "The model does not exist", "model_not_found"), ""),
        ["html-502"] = (Answers.Html(502), "provider_error"),
        ["html-200"] = (Answers.Html(200), "invalid_provider_response"),
        ["empty-200"] = (Answers.Bytes([], "application/json"), "invalid_provider_response"),
        ["hang"] = (Answers.HangBeforeHeaders, "provider_timeout"),
        ["reset-before-headers"] = (Answers.ResetBeforeHeaders, "provider_"),
        ["cut-answer"] = (Answers.ResetAfter(WholeAnswer, 60), "provider_"),
        ["error-event"] = (Answers.ErrorAsFirstEvent, "provider_error"),
        ["hang-before-token"] = (Answers.HangBeforeFirstToken, "provider_timeout"),
        ["reset-before-token"] = (Answers.ResetBeforeFirstToken, "provider_"),
        ["end-before-token"] = (Answers.EndBeforeFirstToken, "provider_"),
    };

    public static TheoryData<string> PlainFailures => [.. Failures.Keys.Where(k => k is not ("error-event" or "hang-before-token" or "reset-before-token" or "end-before-token"))];

    public static TheoryData<string> StreamFailures => [.. Failures.Keys.Where(k => k != "cut-answer")];

    [Theory]
    [MemberData(nameof(PlainFailures))]
    public async Task Chain_FirstFails_PlainAnswerIsTheSeconds(string failure)
    {
        long begin = Stopwatch.GetTimestamp();

        Reply reply = await fixture.Client.ChatAsync("pair-" + failure);

        Expect.Ok(reply);
        Assert.Equal(OpenAiAnswers.Text, reply.Content);
        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.InRange(Expect.Attempts(reply), failure == "refused" ? 1 : 2, 2); // One whose probes are refused may be passed over.
        Assert.Contains(Failures[failure].Reason, reply.Header("x-llm-fallback"), StringComparison.Ordinal);
        Assert.False(string.IsNullOrWhiteSpace(reply.Header("x-llm-fallback")));
        Assert.InRange(Stopwatch.GetElapsedTime(begin), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await WasTriedAndLeft(failure, stream: false);
    }

    [Theory]
    [MemberData(nameof(StreamFailures))]
    public async Task Chain_FirstFails_StreamIsTheSeconds(string failure)
    {
        await using StreamReply reply = await fixture.Client.StreamChatAsync("pair-" + failure);
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal(200, reply.Status);
        Expect.WholeStream(data);
        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.Contains(reply.Header("x-llm-attempts"), failure == "refused" ? ["1", "2"] : (string[])["2"]);
        Assert.Contains(Failures[failure].Reason, reply.Header("x-llm-fallback"), StringComparison.Ordinal);
        Assert.False(string.IsNullOrWhiteSpace(reply.Header("x-llm-fallback")));
        Assert.All(data.SkipLast(1), chunk => Assert.Equal("second-model", JsonNode.Parse(chunk)?["model"]?.ToString()));
        await WasTriedAndLeft(failure, stream: true);
    }

    [Fact]
    public async Task Chain_BothFail_OneErrorListsBoth()
    {
        string message = Expect.Error(await fixture.Client.ChatAsync("both-fail"), 503, "all_providers_failed");

        Assert.Contains("first-error-500", message, StringComparison.Ordinal);
        Assert.Contains("first-refused", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chain_BothFailInAStream_OneErrorListsBoth()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("both-fail", "\"stream\":true"));

        string message = Expect.Error(reply, 503, "all_providers_failed");
        Assert.Contains("first-error-500", message, StringComparison.Ordinal);
        Assert.Contains("first-refused", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chain_AllRateLimited_Is429WithTheSoonestAdvice()
    {
        fixture.Upstream.On("limited-a-model", Answers.Error(429, "Slow down", null, ("Retry-After", "30")));
        fixture.Other.On("limited-b-model", Answers.Error(429, "Slow down", null, ("Retry-After", "7")));

        Reply reply = await fixture.Client.ChatAsync("all-limited");

        Expect.Error(reply, 429, "rate_limit_exceeded");
        Assert.Equal("7", reply.Header("retry-after"));
    }

    [Fact]
    public async Task Chain_LastSaysTheRequestIsWrong_ItsRefusalIsTheAnswer()
    {
        fixture.Upstream.On("limited-a-model", Answers.Error(500, "Broken"));
        fixture.Other.On("limited-b-model", Answers.Error(400, "top_k is not known here"));

        Reply reply = await fixture.Client.ChatAsync("all-limited");

        Assert.Equal(400, reply.Status);
        Assert.Contains("top_k is not known here", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task Chain_FirstSaysTheRequestIsWrong_NobodyElseIsAsked(int status)
    {
        string user = Guid.NewGuid().ToString();
        fixture.Upstream.On("limited-a-model", Answers.Error(status, "Your request is wrong"));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("all-limited", $"\"user\":\"{user}\""));

        Assert.InRange(reply.Status, 400, 422);
        Assert.Contains("Your request is wrong", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(fixture.Other.Calls, c => c.Text.Contains(user, StringComparison.Ordinal));
    }

    [Fact]
    public async Task NamedLlm_Fails_NeverEndsAtAStranger()
    {
        int before = fixture.Other.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync("first-error-500");

        Expect.Error(reply, 502, "provider_error");
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Fact]
    public async Task NamedLlm_Fails_ItsFallbacksFollow()
    {
        fixture.Upstream.On("helped-model", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.ChatAsync("helped");

        Expect.Ok(reply);
        Assert.Equal("second", reply.Header("x-llm-model"));
    }

    [Fact]
    public async Task NamedLlm_Fails_AnotherWithTheSameVendorModelFollows()
    {
        fixture.Upstream.On("twin-model", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.ChatAsync("twin-a");

        Expect.Ok(reply);
        Assert.Equal("twin-b", reply.Header("x-llm-model"));
    }

    [Theory]
    [InlineData("house")]
    [InlineData("shared-model")]
    public async Task LocalLlm_Fails_NoExternalOneSeesTheRequestUnasked(string asked)
    {
        fixture.Upstream.On("shared-model", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.ChatAsync(asked, ("x-llm-local-only", "true"));
        Reply plainly = await fixture.Client.ChatAsync("house");

        Assert.InRange(reply.Status, 500, 599);
        Assert.InRange(plainly.Status, 500, 599);
        Assert.DoesNotContain(fixture.Other.CallsFor("shared-model"), c => !c.Text.Contains("by-chain", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LocalLlm_FailsInAChainThatSaysSo_TheExternalOneFollows()
    {
        fixture.Upstream.On("shared-model", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("house-then-cloud", text: "by-chain"));

        Expect.Ok(reply);
        Assert.Equal("cloud", reply.Header("x-llm-model"));
    }

    [Fact]
    public async Task Wish_FallbackOff_TheFirstFailureIsTheAnswer()
    {
        int before = fixture.Other.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync("pair-error-500", ("x-llm-fallback", "off"));

        Expect.Error(reply, 502, "provider_error");
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Fact]
    public async Task Llm_WithADeadReplica_AnswersFromTheOther()
    {
        for (int i = 0; i < 6; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("replicated"));
        }

        Assert.Equal(6, fixture.Upstream.CallsFor("replicated-model").Count);
    }

    [Fact]
    public async Task ReusedConnection_ClosedByTheVendor_IsRetriedAtOnceAndNotCounted()
    {
        // As servers do that close idle connections: the second request on a connection meets a reset.
        await using RawUpstream closing = RawUpstream.Start(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                await connection.SendJsonAsync(OpenAiAnswers.ChatJson("Hi"));
                if (request.StartsWith("POST", StringComparison.Ordinal) && await connection.ReadRequestAsync() is not null)
                {
                    connection.Reset();
                    return;
                }
            }
        });
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Llms = new object[] { new { Name = "closing", Provider = "custom", Model = "m", closing.BaseUrl } },
                Resilience = new { MaxRetries = 0 },
            }),
        });

        for (int i = 0; i < 4; i++)
        {
            Reply reply = await gateway.Client.ChatAsync("closing");
            Expect.Ok(reply);
            Assert.Equal(1, Expect.Attempts(reply));
        }
    }

    private async Task WasTriedAndLeft(string failure, bool stream)
    {
        if (failure == "refused")
        {
            return;
        }

        UpstreamCall call = fixture.Upstream.CallsFor("first-model-" + failure).Last(c => c.WantsStream == stream);
        if (failure.StartsWith("hang", StringComparison.Ordinal))
        {
            await call.Aborted; // A vendor that was given up must not go on generating.
        }
    }

    public sealed class Fixture : GatewayFixture, IDisposable
    {
        private readonly ClosedPort _closed = new();

        public void Dispose() => _closed.Dispose();

        protected override GatewaySettings Settings()
        {
            List<object> llms =
            [
                new { Name = "second", Provider = "custom", Model = "second-model", Other.BaseUrl },
                new { Name = "limited-a", Provider = "custom", Model = "limited-a-model", Upstream.BaseUrl },
                new { Name = "limited-b", Provider = "custom", Model = "limited-b-model", Other.BaseUrl },
                new { Name = "helped", Provider = "custom", Model = "helped-model", Upstream.BaseUrl, Fallbacks = new[] { "second" } },
                new { Name = "twin-a", Provider = "custom", Model = "twin-model", Upstream.BaseUrl },
                new { Name = "twin-b", Provider = "custom", Model = "twin-model", Other.BaseUrl },
                new { Name = "house", Provider = "custom", Model = "shared-model", Upstream.BaseUrl, Local = true, Priority = 10 },
                new { Name = "cloud", Provider = "custom", Model = "shared-model", Other.BaseUrl, Local = false, Priority = 20 },
                new { Name = "replicated", Provider = "custom", Model = "replicated-model", Destinations = new[] { _closed.Address + "/v1", Upstream.BaseUrl } },
            ];
            var chains = new Dictionary<string, string[]>
            {
                ["both-fail"] = ["first-error-500", "first-refused"],
                ["all-limited"] = ["limited-a", "limited-b"],
                ["house-then-cloud"] = ["house", "cloud"],
            };
            foreach ((string failure, (UpstreamAnswer answer, _)) in Failures)
            {
                // An LLM of its own for each failure: none spoils the health of another.
                string model = "first-model-" + failure;
                Upstream.On(model, answer);
                llms.Add(new
                {
                    Name = "first-" + failure,
                    Provider = "custom",
                    Model = model,
                    BaseUrl = failure == "refused" ? _closed.Address + "/v1" : Upstream.BaseUrl,
                    TimeoutSeconds = failure == "hang" ? 1 : 120,
                    FirstTokenTimeoutSeconds = failure.StartsWith("hang", StringComparison.Ordinal) ? 1 : 120,
                });
                chains["pair-" + failure] = ["first-" + failure, "second"];
            }

            return new GatewaySettings
            {
                Config = Config(new { Llms = llms, Chains = chains, Resilience = new { MaxRetries = 0, BaseDelayMs = 1, BreakerFailures = 10_000 } }),
            };
        }
    }
}
