using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>With one LLM tried, its failure says whose fault it was, and never shows our key as the caller's.</summary>
public sealed class VendorRefusalTests(VendorRefusalTests.Fixture fixture) : IClassFixture<VendorRefusalTests.Fixture>
{
    [Theory]
    [InlineData(400, "invalid_value", 400, "")]
    [InlineData(400, "context_length_exceeded", 400, "context_length_exceeded")]
    [InlineData(404, "model_not_found", 404, "model_not_found")]
    [InlineData(422, "any", 400, "")]
    public async Task CallersOwnMistake_KeepsStatusAndMessage(int vendorStatus, string vendorCode, int status, string code)
    {
        string model = $"mistake-{vendorStatus}-{vendorCode}";
        fixture.Upstream.On(model, Answers.Error(vendorStatus, "The vendor's own words", vendorCode));

        Reply reply = await fixture.Client.ChatAsync("custom/" + model);

        Assert.Equal(status, reply.Status);
        Assert.Contains("The vendor's own words", reply.Json["error"]!["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", reply.Json["error"]!["type"]!.ToString());
        if (code.Length > 0)
        {
            Assert.Equal(code, reply.Json["error"]!["code"]!.ToString());
        }
    }

    [Fact]
    public async Task RateLimit_KeepsTheVendorsAdvice()
    {
        fixture.Upstream.On("limited", Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "7")));

        Reply reply = await fixture.Client.ChatAsync("custom/limited");

        Expect.Error(reply, 429, "rate_limit_exceeded");
        Assert.Equal("7", reply.Header("retry-after"));
    }

    [Fact]
    public async Task RateLimit_WithADate_IsTurnedIntoSeconds()
    {
        string date = DateTimeOffset.UtcNow.AddSeconds(20).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        fixture.Upstream.On("dated", Answers.Error(429, "Slow down", null, ("Retry-After", date)));

        Reply reply = await fixture.Client.ChatAsync("custom/dated");

        Assert.InRange(int.Parse(reply.Header("retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 10, 20);
    }

    [Fact]
    public async Task RateLimit_InMilliseconds_IsRoundedUpToSeconds()
    {
        fixture.Upstream.On("precise", Answers.Error(429, "Slow down", null, ("retry-after-ms", "1200")));

        Assert.Equal("2", (await fixture.Client.ChatAsync("custom/precise")).Header("retry-after"));
    }

    [Theory]
    [InlineData(401, "invalid_api_key", "provider_auth_failed")]
    [InlineData(403, "access_denied", "provider_auth_failed")]
    [InlineData(429, "insufficient_quota", "provider_quota_exhausted")]
    [InlineData(402, "billing", "provider_quota_exhausted")]
    public async Task OurKeyOrBillRefused_IsNeverShownAsTheCallers(int vendorStatus, string vendorCode, string code)
    {
        string model = $"ours-{vendorStatus}-{vendorCode}";
        fixture.Upstream.On(model, Answers.Error(vendorStatus, "Incorrect API key provided: sk-vendor-secret-key.", vendorCode));

        Reply reply = await fixture.Client.ChatAsync("custom/" + model);

        Expect.Error(reply, 502, code);
        Assert.DoesNotContain("sk-vendor-secret-key", reply.Text, StringComparison.Ordinal);
        Assert.Equal("false", reply.Header("x-should-retry"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(529)]
    public async Task VendorsOwnFailure_IsNamedAsTheProviders(int vendorStatus)
    {
        string model = "broken-" + vendorStatus;
        fixture.Upstream.On(model, Answers.Error(vendorStatus, "Broken"));

        Reply reply = await fixture.Client.ChatAsync("custom/" + model);

        Expect.Error(reply, 502, "provider_error");
        Assert.Equal("custom", reply.Json["error"]!["provider"]!.ToString());
    }

    [Fact]
    public async Task AnswerThatIsHtml_IsAnInvalidProviderResponse()
    {
        fixture.Upstream.On("html", Answers.Html(200));

        Expect.Error(await fixture.Client.ChatAsync("custom/html"), 502, "invalid_provider_response");
    }

    [Fact]
    public async Task AddressThatRefuses_SaysWhatToCheck()
    {
        string message = Expect.Error(await fixture.Client.ChatAsync("dead"), 502, "provider_unreachable");

        Assert.Contains("base URL", message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task VendorThatHangs_IsATimeout(bool stream)
    {
        fixture.Upstream.On("slow-model", Answers.HangBeforeHeaders);

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("slow", $"\"stream\":{(stream ? "true" : "false")}"));

        Expect.Error(reply, 504, "provider_timeout");
    }

    [Fact]
    public async Task Wish_TimeoutMs_BoundsTheCall()
    {
        fixture.Upstream.On("patient-model", Answers.HangBeforeHeaders);

        Reply reply = await fixture.Client.ChatAsync("patient", ("x-llm-timeout-ms", "300"));

        Expect.Error(reply, 504, "provider_timeout");
    }

    [Fact]
    public async Task StreamThatDiesAfterOutput_EndsWithOneErrorEvent()
    {
        var read = new Gate();
        fixture.Upstream.On("dies", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Wait(read), Step.Reset));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/dies");
        await reply.Events.NextDataAsync();
        await reply.Events.NextDataAsync();
        read.Open();
        List<string> rest = await reply.Events.RestAsync();

        string error = Assert.Single(rest);
        Expect.Error(error, 502, JsonNode.Parse(error)!["error"]!["code"]!.ToString());
        Assert.DoesNotContain("[DONE]", reply.Events.Raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StreamThatEndsWithoutItsClosingMark_IsNotFinishedForIt()
    {
        fixture.Upstream.On("ends", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a"))));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/ends");
        List<string> data = await reply.Events.RestAsync();

        Assert.NotNull(JsonNode.Parse(data[^1])?["error"]);
        Assert.DoesNotContain("[DONE]", data);
    }

    [Fact]
    public async Task StreamThatFinishesWithoutItsClosingMark_IsWhole()
    {
        string stream = OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("All") + OpenAiAnswers.Chunk("{}", "\"stop\"");
        fixture.Upstream.On("markless", Answers.Sse(Step.Send(stream)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/markless");
        await reply.Events.RestAsync();

        Assert.Equal(stream, reply.Events.Raw);
    }

    [Fact]
    public async Task StreamThatBeginsWithAByteOrderMark_IsUnderstood()
    {
        fixture.Upstream.On("marked", Answers.Sse(Step.Send("\uFEFF" + OpenAiAnswers.ContentChunk("All") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/marked");
        await reply.Events.RestAsync();

        Assert.Contains("All", reply.Events.Raw, StringComparison.Ordinal);
        Assert.EndsWith(OpenAiAnswers.Done, reply.Events.Raw, StringComparison.Ordinal);
        Assert.DoesNotContain("\"error\"", reply.Events.Raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StreamThatFallsSilentAfterOutput_EndsWithOneErrorEvent()
    {
        fixture.Upstream.On("silent-model", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Hang));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("silent");
        List<string> data = await reply.Events.RestAsync();

        Expect.Error(data[^1], 504, "provider_timeout");
        Assert.DoesNotContain("[DONE]", data);
        await (await fixture.Upstream.CallAsync("silent-model")).Aborted;
    }

    [Fact]
    public async Task ErrorEventAfterOutput_ComesOnceAndEndsTheStream()
    {
        fixture.Upstream.On("errs", Answers.Sse(
            Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")),
            Step.Send("""data: {"error":{"message":"The server had an error","type":"server_error","code":null,"param":null}}""" + "\n\n")));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/errs");
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal(3, data.Count);
        Assert.NotNull(JsonNode.Parse(data[2])?["error"]?["message"]);
    }

    [Fact]
    public async Task StreamWithLongThinking_IsNotSilent()
    {
        // Reasoning counts as output: it commits the answer, and the first-token clock, which runs out meanwhile, is not asked any more.
        fixture.Upstream.On("thinking-model", Answers.Sse(
            Step.Send(OpenAiAnswers.Chunk("""{"reasoning_content":"Hm"}""")), Step.Pause(TimeSpan.FromMilliseconds(5500)),
            Step.Send(OpenAiAnswers.ContentChunk("Yes") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("thinking");

        Expect.WholeStream(await reply.Events.RestAsync(), "Yes");
    }

    public sealed class Fixture : GatewayFixture, IDisposable
    {
        private readonly ClosedPort _closed = new();

        public void Dispose() => _closed.Dispose();

        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl, Auth = new { api_key = "sk-vendor-secret-key" } },
                    new { Name = "dead", Provider = "custom", Model = "dead-model", BaseUrl = _closed.Address + "/v1" },
                    new { Name = "slow", Provider = "custom", Model = "slow-model", Upstream.BaseUrl, TimeoutSeconds = 1, FirstTokenTimeoutSeconds = 1 },
                    new { Name = "patient", Provider = "custom", Model = "patient-model", Upstream.BaseUrl },
                    new { Name = "thinking", Provider = "custom", Model = "thinking-model", Upstream.BaseUrl, FirstTokenTimeoutSeconds = 5 },
                    new { Name = "silent", Provider = "custom", Model = "silent-model", Upstream.BaseUrl, IdleTimeoutSeconds = 1 },
                },
                Resilience = new { MaxRetries = 0, BaseDelayMs = 1, BreakerFailures = 10_000 },
            }),
        };
    }
}
