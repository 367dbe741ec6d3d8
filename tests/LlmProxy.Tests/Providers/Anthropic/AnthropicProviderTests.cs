using System.Net;
using System.Text;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicProviderTests
{
    private static readonly IProvider Provider = ProviderCatalog.All["anthropic"];

    [Theory]
    [InlineData("", "https://api.anthropic.com")]
    [InlineData("https://api.anthropic.com/", "https://api.anthropic.com")]
    [InlineData("https://api.anthropic.com/v1", "https://api.anthropic.com")]
    [InlineData("https://api.anthropic.com/v1/messages", "https://api.anthropic.com")]
    [InlineData("https://api.anthropic.com/v1/messages/count_tokens", "https://api.anthropic.com")]
    [InlineData("https://host.test/anthropic", "https://host.test/anthropic")]
    [InlineData("https://host.test/anthropic/v1/", "https://host.test/anthropic")]
    public void Base_AsPeoplePasteIt(string written, string expected) => Assert.Equal(expected, Provider.NormalizeBase(written, new LlmOptions()));

    [Fact]
    public void Probe_AsksForTheModels() => Assert.Equal("https://h.test/v1/models", Provider.ProbeAddress("https://h.test").AbsoluteUri);

    [Fact]
    public async Task Request_CarriesKeyAndVersion()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://h.test");
        await Provider.AuthorizeAsync(request, Deployment("sk-ant-1"), CancellationToken.None);
        Assert.Equal("sk-ant-1", Assert.Single(request.Headers.GetValues("x-api-key")));
        Assert.Equal("2023-06-01", Assert.Single(request.Headers.GetValues("anthropic-version")));
        Assert.Null(request.Headers.Authorization);
    }

    [Fact]
    public async Task Request_OfAClientThatNamesItsVersion_KeepsThatOne()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://h.test");
        request.Headers.TryAddWithoutValidation("anthropic-version", "2026-10-21");
        await Provider.AuthorizeAsync(request, Deployment("sk-ant-1"), CancellationToken.None);
        Assert.Equal("2026-10-21", Assert.Single(request.Headers.GetValues("anthropic-version")));
    }

    [Fact]
    public async Task Keys_Several_TakeTurnsWhenOneIsRateLimited()
    {
        Deployment llm = Deployment("sk-ant-first", "sk-ant-second");
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://h.test");
        await Provider.AuthorizeAsync(request, llm, CancellationToken.None);
        using var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests) { RequestMessage = request };
        response.Headers.TryAddWithoutValidation("retry-after", "12");
        VendorFailure failure = Provider.ReadFailure(429, response, """{"type":"error","error":{"type":"rate_limit_error","message":"Too fast."}}"""u8, llm);
        Assert.Equal(ErrorCode.RateLimitExceeded, failure.Code);
        Assert.Equal(TimeSpan.FromSeconds(12), failure.RetryAfter);
        using var next = new HttpRequestMessage(HttpMethod.Post, "https://h.test");
        await Provider.AuthorizeAsync(next, llm, CancellationToken.None);
        Assert.Equal("sk-ant-second", Assert.Single(next.Headers.GetValues("x-api-key")));
    }

    [Fact]
    public void Key_IsNeededOnlyAtTheVendorsOwnAddress()
    {
        Assert.NotNull(Provider.MissingCredential(new LlmOptions()));
        Assert.NotNull(Provider.MissingCredential(new LlmOptions { BaseUrl = "https://api.anthropic.com/v1" }));
        Assert.Null(Provider.MissingCredential(new LlmOptions { BaseUrl = "http://localhost:9000" }));
    }

    [Theory]
    [InlineData(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum", nameof(ErrorCode.ContextLengthExceeded), 400, true)]
    [InlineData(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2", nameof(ErrorCode.ContextLengthExceeded), 400, true)]
    [InlineData(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", nameof(ErrorCode.ProviderQuotaExhausted), 502, false)]
    [InlineData(400, "invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2027-01-01.", nameof(ErrorCode.ProviderQuotaExhausted), 502, false)]
    [InlineData(400, "invalid_request_error", "max_tokens: must be greater", nameof(ErrorCode.InvalidValue), 400, true)]
    [InlineData(401, "authentication_error", "invalid x-api-key", nameof(ErrorCode.ProviderAuthFailed), 502, false)]
    [InlineData(402, "billing_error", "Pay.", nameof(ErrorCode.ProviderQuotaExhausted), 502, false)]
    [InlineData(403, "permission_error", "Your key may not.", nameof(ErrorCode.ProviderAuthFailed), 502, false)]
    [InlineData(404, "not_found_error", "model: claude-nine", nameof(ErrorCode.ModelNotFound), 404, false)]
    [InlineData(404, "not_found_error", "File not found: file_1", nameof(ErrorCode.InvalidValue), 404, true)]
    [InlineData(413, "request_too_large", "Request exceeds the maximum size", nameof(ErrorCode.BodyTooLarge), 413, true)]
    [InlineData(500, "api_error", "Internal server error", nameof(ErrorCode.ProviderError), 502, false)]
    [InlineData(529, "overloaded_error", "Overloaded", nameof(ErrorCode.ProviderError), 502, false)]
    public void Refusal_IsJudgedByTypeAndWords(int status, string type, string message, string code, int shown, bool isFinal)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        byte[] body = Encoding.UTF8.GetBytes($$$$"""{"type":"error","error":{"type":"{{{{type}}}}","message":"{{{{message}}}}"},"request_id":"req_1"}""");
        VendorFailure failure = Provider.ReadFailure(status, response, body, Deployment("sk-ant-1"));
        Assert.Equal(code, failure.Code.ToString());
        Assert.Equal(shown, failure.Status);
        Assert.Equal(isFinal, failure.IsFinal);
        Assert.Equal(type, failure.VendorCode);
    }

    [Fact]
    public void OtherHost_GetsItsVersionInTheBodyAndNoModel()
    {
        var dialect = new AnthropicDialect { VersionInBody = "vertex-2023-10-16", NamesModel = false, PathFor = (model, isStream, _) => $"m/{model}:{(isStream ? "stream" : "plain")}" };
        RouteTarget target = Turns.Target("anthropic", "claude-opus-4@20250514");
        Exchange exchange = Turns.Exchange("""{"model":"x","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}""", LlmProxy.Endpoints.EndpointKind.Messages);
        using var own = new AnthropicCall(exchange, target, dialect);
        Assert.Equal("""{"anthropic_version":"vertex-2023-10-16","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}""", Turns.Body(own));
        Assert.Equal("m/claude-opus-4@20250514:stream", own.Path);
        Exchange chat = Turns.Exchange("""{"model":"x","messages":[{"role":"user","content":"hi"}]}""");
        using var translated = new LlmProxy.Conversation.TranslatedChat(chat, target, new AttemptFacts(1), new AnthropicChat(dialect));
        AnthropicMessagesTests.AssertJson(
            """{"anthropic_version":"vertex-2023-10-16","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"max_tokens":32000}""",
            System.Text.Json.Nodes.JsonNode.Parse(Turns.Body(translated)));
    }

    private static Deployment Deployment(params string[] keys)
    {
        var options = new LlmOptions { Name = "test", Provider = "anthropic", Model = Claude.Sonnet45 };
        options.Auth.Values["api_key"] = new Secret(keys[0]);
        if (keys.Length > 1)
        {
            options.Auth.ApiKeys.AddRange(keys.Select(key => new Secret(key)));
        }

        return new Deployment(options, Provider, new LlmState("anthropic", "test", TimeProvider.System));
    }
}
