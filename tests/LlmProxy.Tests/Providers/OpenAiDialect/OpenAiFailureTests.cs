using System.Net;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Tests.Wire;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class OpenAiFailureTests
{
    private const string Html = "<!DOCTYPE html><html><body>nginx</body></html>";

    [Theory]
    // The caller's own mistakes keep the vendor's words.
    [InlineData(400, """{"error":{"code":"unsupported_value","message":"Unsupported value: 'messages[0].role'.","param":"messages[0].role","type":"invalid_request_error"}}""", "InvalidValue", 400, true)]
    [InlineData(400, """{"error":{"message":"Missing required parameter: 'messages'.","type":"invalid_request_error","param":"messages","code":"missing_required_parameter"}}""", "MissingField", 400, true)]
    [InlineData(422, """{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"}]}""", "MissingField", 400, true)]
    [InlineData(422, """{"object":"error","message":{"detail":[{"type":"extra","loc":["body","top_q"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","code":null}""", "InvalidValue", 400, true)]
    [InlineData(413, """{"error":{"message":"Request Entity Too Large"}}""", "BodyTooLarge", 413, true)]
    [InlineData(400, "{}", "InvalidValue", 400, true)]
    [InlineData(400, "", "InvalidValue", 400, true)]
    [InlineData(400, """{ "error": { "message": "The response was filtered", "type": null, "param": "prompt", "code": "content_filter", "status": 400, "innererror": { "code": "ResponsibleAIPolicyViolation" } } }""", "InvalidValue", 400, true)]
    [InlineData(403, """{"error":{"message":"flagged","code":"content_policy_violation"}}""", "InvalidValue", 400, true)]
    // Too long, in every vendor's words.
    [InlineData(400, """{"error":{"message":"This model's maximum context length is 4097 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", "ContextLengthExceeded", 400, true)]
    [InlineData(400, """{"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 8204 tokens","type":"BadRequestError","param":null,"code":400}""", "ContextLengthExceeded", 400, true)]
    [InlineData(400, """{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","code":"3051"}""", "ContextLengthExceeded", 400, true)]
    [InlineData(422, """{"error":{"message":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000","type":"invalid_request_error"}}""", "ContextLengthExceeded", 400, true)]
    [InlineData(400, """{"error":{"object":"error","type":"invalid_request_error","message":"The prompt is too long: 140000, model maximum context length: 131071"}}""", "ContextLengthExceeded", 400, true)]
    [InlineData(500, """{"error":{"code":500,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}""", "ContextLengthExceeded", 400, true)]
    // The gateway's credential.
    [InlineData(401, """{"error":{"message":"Incorrect API key provided: sk-abc.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}""", "ProviderAuthFailed", 502, false)]
    [InlineData(401, """{"statusCode":401,"message":"Access denied due to invalid subscription key or wrong API endpoint."}""", "ProviderAuthFailed", 502, false)]
    [InlineData(401, """{"detail":"Unauthorized"}""", "ProviderAuthFailed", 502, false)]
    [InlineData(401, Html, "ProviderAuthFailed", 502, false)]
    [InlineData(403, """{"error":{"message":"Country not supported","code":"unsupported_country_region_territory","type":"request_forbidden"}}""", "ProviderAuthFailed", 502, false)]
    [InlineData(400, """[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]""", "ProviderAuthFailed", 502, false)]
    // The gateway's bill.
    [InlineData(402, """{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}""", "ProviderQuotaExhausted", 502, false)]
    [InlineData(402, "", "ProviderQuotaExhausted", 502, false)]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}""", "ProviderQuotaExhausted", 502, false)]
    [InlineData(400, """{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","param":null,"code":"billing_hard_limit_reached"}}""", "ProviderQuotaExhausted", 502, false)]
    [InlineData(400, """{"error":{"message":"Your credit balance is too low to access the API.","type":"invalid_request_error"}}""", "ProviderQuotaExhausted", 502, false)]
    // Too fast.
    [InlineData(429, """{"error":{"code":"RateLimitReached","message":"Your requests have exceeded rate limit."}}""", "RateLimitExceeded", 429, false)]
    [InlineData(429, """{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}""", "RateLimitExceeded", 429, false)]
    [InlineData(413, """{"error":{"message":"Request too large for model on tokens per minute","type":"tokens","code":"rate_limit_exceeded"}}""", "RateLimitExceeded", 429, false)]
    [InlineData(429, "", "RateLimitExceeded", 429, false)]
    // A model that the vendor does not know.
    [InlineData(404, """{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}""", "ModelNotFound", 404, false)]
    [InlineData(404, """{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}""", "ModelNotFound", 404, false)]
    [InlineData(404, """{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}""", "ModelNotFound", 404, false)]
    [InlineData(404, """{"error":{"message":"model 'x' not found","type":"api_error","param":null,"code":null}}""", "ModelNotFound", 404, false)]
    [InlineData(400, """{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}""", "ModelNotFound", 404, false)]
    [InlineData(400, """{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}""", "ModelNotFound", 404, false)]
    [InlineData(403, """{"error":{"message":"Project `proj` does not have access to model `gpt-4`","type":"invalid_request_error","param":null,"code":"model_not_found"}}""", "ModelNotFound", 404, false)]
    [InlineData(404, """{"error":{"message":"No file found with id x","type":"invalid_request_error","param":"file_id","code":null}}""", "InvalidValue", 404, true)]
    // An address that leads nowhere.
    [InlineData(404, """{"detail":"Not Found"}""", "ProviderError", 502, false)]
    [InlineData(404, Html, "ProviderError", 502, false)]
    [InlineData(404, "", "ProviderError", 502, false)]
    [InlineData(404, "404 page not found", "ProviderError", 502, false)]
    [InlineData(404, """{"error":{"message":"Invalid URL (POST /v1/v1/chat/completions)","type":"invalid_request_error","param":null,"code":null}}""", "ProviderError", 502, false)]
    [InlineData(404, """{"error":{"code":"404","message": "Resource not found"}}""", "ProviderError", 502, false)]
    [InlineData(405, """{"detail":"Method Not Allowed"}""", "ProviderError", 502, false)]
    // Everything else is the vendor's own trouble.
    [InlineData(408, "", "ProviderTimeout", 504, false)]
    [InlineData(500, """{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}""", "ProviderError", 502, false)]
    [InlineData(502, Html, "ProviderError", 502, false)]
    [InlineData(529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "ProviderError", 502, false)]
    [InlineData(418, "teapot", "ProviderError", 502, false)]
    [InlineData(302, "", "ProviderError", 502, false)]
    public void Read_RefusedCall_SaysWhoseFaultItWas(int status, string body, string code, int shown, bool isFinal)
    {
        VendorFailure failure = Read(status, body);
        Assert.Equal(code, failure.Code.ToString());
        Assert.Equal(shown, failure.Status);
        Assert.Equal(isFinal, failure.IsFinal);
        Assert.NotEmpty(failure.Message);
        Assert.DoesNotContain("nginx", failure.Message);
    }

    [Fact]
    public void Read_CallersMistake_KeepsMessageAndParam()
    {
        VendorFailure failure = Read(400, """{"error":{"message":"'temperature' must be ≤ 2","type":"invalid_request_error","param":"temperature","code":"invalid_value"}}""");
        Assert.Equal("'temperature' must be ≤ 2", failure.Message);
        Assert.Equal("temperature", failure.Param);
        Assert.Equal("invalid_value", failure.VendorCode);
        failure = Read(422, """{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"}]}""");
        Assert.Equal("messages[0].role", failure.Param);
    }

    [Fact]
    public void Read_RefusedCredential_NamesWhatToCheckAndNoKey()
    {
        VendorFailure failure = Read(401, """{"error":{"message":"Incorrect API key provided: sk-abc123456. hush-hush","code":"invalid_api_key"}}""");
        Assert.Equal("acme refused the gateway's credential (401). Check the api_key of LLM \"big-model\".", failure.Message);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    public void Read_VendorEchoesACredential_ItIsMasked(int status)
    {
        string message = Read(status, """{"error":{"message":"the model said Bearer abc123def456 and hush-hush","param":"model"}}""").Message;
        Assert.Contains("the model said", message);
        Assert.DoesNotContain("abc123", message);
        Assert.DoesNotContain("hush-hush", message);
    }

    [Theory]
    [InlineData("retry-after", "7", 7000)]
    [InlineData("retry-after", "1.5", 1500)]
    [InlineData("retry-after-ms", "250", 250)]
    [InlineData("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT", 30_000)]
    [InlineData("retry-after", "Wed, 21 Oct 2020 07:28:30 GMT", 0)]
    [InlineData("retry-after", "soon", -1)]
    [InlineData("retry-after", "-5", -1)]
    [InlineData("x-other", "5", -1)]
    public void Read_RetryAdvice_IsUnderstood(string header, string value, int expectedMs)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        response.Headers.TryAddWithoutValidation(header, value);
        var vendor = new VendorLabel("acme", "x") { Time = new FixedTime() };
        TimeSpan? expected = expectedMs < 0 ? null : TimeSpan.FromMilliseconds(expectedMs);
        Assert.Equal(expected, OpenAiFailure.Read(429, response.Headers, default, vendor).RetryAfter);
        Assert.Equal(expected, OpenAiFailure.Read(503, response.Headers, default, vendor).RetryAfter);
    }

    [Fact]
    public void Read_GeminiCallsItsRateLimitAQuota_RetryAdviceTellsThemApart()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        response.Headers.TryAddWithoutValidation("retry-after", "20");
        byte[] body = Cuts.Utf8("""{"error":{"message":"You exceeded your current quota"}}""");
        Assert.Equal(ErrorCode.RateLimitExceeded, OpenAiFailure.Read(429, response.Headers, body, Streams.Vendor).Code);
    }

    [Theory]
    [InlineData("""{"error":{"message":"half a pair \ud83d","code":"x"}}""")]
    [InlineData("""{"error":{"message":"cut here""")]
    [InlineData("""{"error":{"mess\ud83dage":"x"}}""")]
    [InlineData("""{"error":[[[{"message":"x"}]]]}""")]
    [InlineData("""{"error":{"message":{"a":[1]},"code":{"b":2},"type":[3],"param":{}}}""")]
    [InlineData("""[]""")]
    [InlineData("""[1]""")]
    [InlineData("""nul""")]
    [InlineData("\"just text\"")]
    [InlineData("""{"errors":[{"code":7003,"message":"no route"},{"message":"second"}],"success":false}""")]
    public void Read_StrangeBody_IsStillAFailure(string body) => Assert.Equal(ErrorCode.ProviderError, Read(500, body).Code);

    [Fact]
    public void Read_EndlessBody_IsReadToItsLimit()
    {
        VendorFailure failure = Read(500, "{\"error\":{\"message\":\"" + new string('x', 1_000_000));
        Assert.True(failure.Message.Length < 3000);
        failure = Read(500, "{\"error\":{\"message\":\"" + new string('x', 50_000) + "\"}}");
        Assert.True(failure.Message.Length < 3000);
    }

    [Theory]
    [InlineData("you wrote sk-abc and more words than a code has")]
    [InlineData("größe")]
    public void Read_CodeThatIsNone_DoesNotReachTheLog(string code) =>
        Assert.Null(Read(500, $"{{\"error\":{{\"message\":\"m\",\"code\":\"{code}\"}}}}").VendorCode);

    [Fact]
    public void BlamesStreamOptions_OnlyForRefusedRequests()
    {
        byte[] body = Cuts.Utf8("""{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}""");
        Assert.True(OpenAiFailure.BlamesStreamOptions(422, body));
        Assert.True(OpenAiFailure.BlamesStreamOptions(400, body));
        Assert.False(OpenAiFailure.BlamesStreamOptions(500, body));
        Assert.False(OpenAiFailure.BlamesStreamOptions(400, "{}"u8));
    }

    private static VendorFailure Read(int status, string body)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        return OpenAiFailure.Read(status, response.Headers, Cuts.Utf8(body), Streams.Vendor);
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 10, 21, 7, 28, 0, TimeSpan.Zero);
    }
}
