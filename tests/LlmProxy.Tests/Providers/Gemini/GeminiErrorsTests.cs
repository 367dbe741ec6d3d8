using System.Net;
using System.Text;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Gemini;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Providers.Gemini;

public sealed class GeminiErrorsTests
{
    private static VendorFailure Read(int status, string body)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        return GeminiErrors.Read(status, response.Headers, Encoding.UTF8.GetBytes(body), new VendorLabel("gemini", "g"));
    }

    private static string Error(int code, string status, string message, string details = "") =>
        $$"""{"error":{"code":{{code}},"message":"{{message}}","status":"{{status}}","details":[{{details}}]} }""";

    [Theory]
    [InlineData(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", """{"@type":"x","reason":"API_KEY_INVALID"}""", nameof(ErrorCode.ProviderAuthFailed))]
    [InlineData(400, "INVALID_ARGUMENT", "The key is old.", """{"reason":"API_KEY_EXPIRED"}""", nameof(ErrorCode.ProviderAuthFailed))]
    [InlineData(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", """{"reason":"ACCESS_TOKEN_EXPIRED"}""", nameof(ErrorCode.ProviderAuthFailed))]
    [InlineData(403, "PERMISSION_DENIED", "Permission denied on the project (or it may not exist).", "", nameof(ErrorCode.ProviderAuthFailed))]
    [InlineData(403, "PERMISSION_DENIED", "This API method requires billing to be enabled.", """{"reason":"BILLING_DISABLED"}""", nameof(ErrorCode.ProviderQuotaExhausted))]
    [InlineData(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", "", nameof(ErrorCode.ProviderQuotaExhausted))]
    [InlineData(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted.", "", nameof(ErrorCode.RateLimitExceeded))]
    [InlineData(400, "FAILED_PRECONDITION", "User location is not supported for the API use.", "", nameof(ErrorCode.ProviderError))]
    [InlineData(400, "INVALID_ARGUMENT", "Invalid value at 'contents[0].role'", "", nameof(ErrorCode.InvalidValue))]
    [InlineData(400, "INVALID_ARGUMENT", "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).", "", nameof(ErrorCode.ContextLengthExceeded))]
    [InlineData(404, "NOT_FOUND", "models/gemini-0 is not found for API version v1beta", "", nameof(ErrorCode.ModelNotFound))]
    [InlineData(500, "INTERNAL", "An internal error has occurred.", "", nameof(ErrorCode.ProviderError))]
    [InlineData(503, "UNAVAILABLE", "The model is overloaded.", "", nameof(ErrorCode.ProviderError))]
    [InlineData(504, "DEADLINE_EXCEEDED", "Deadline expired.", "", nameof(ErrorCode.ProviderError))]
    public void Read_GooglesWords_SayWhoseFaultItIs(int status, string word, string message, string details, string code)
    {
        string body = Error(status, word, message, details);
        Assert.Equal(code, Read(status, body).Code.ToString());
        Assert.Equal(code, Read(status, $"[{body}\n]").Code.ToString());
        Assert.Equal(code, GeminiErrors.Inside(Encoding.UTF8.GetBytes(body), new VendorLabel("gemini", "g")).Code.ToString());
    }

    [Fact]
    public void Read_LimitPerMinute_WaitsAsLongAsItSays()
    {
        VendorFailure failure = Read(429, Error(
            429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.",
            """{"violations":[{"quotaId":"GenerateContentTokensPerModelPerMinute"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"12.5s"}"""));
        Assert.Equal(ErrorCode.RateLimitExceeded, failure.Code);
        Assert.Equal(TimeSpan.FromSeconds(12.5), failure.RetryAfter);
    }

    [Fact]
    public void Read_LimitPerDay_IsASpentQuota() => Assert.Equal(
        ErrorCode.ProviderQuotaExhausted,
        Read(429, Error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", """{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"40s"}""")).Code);

    [Theory]
    [InlineData("<html>Bad gateway</html>")]
    [InlineData("")]
    [InlineData("""{"error":{"code":502,"mess""")]
    [InlineData("[[[[")]
    public void Read_NotGooglesOwnAnswer_IsJudgedByItsStatus(string body) => Assert.Equal(ErrorCode.ProviderError, Read(502, body).Code);
}
