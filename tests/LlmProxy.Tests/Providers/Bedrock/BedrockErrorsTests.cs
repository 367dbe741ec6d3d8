using System.Net;
using System.Text;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Bedrock;

public sealed class BedrockErrorsTests
{
    [Theory]
    [InlineData(403, "UnrecognizedClientException:http://internal.example/coral", "{\"message\":\"The token is not valid.\"}", nameof(ErrorCode.ProviderAuthFailed), false)]
    [InlineData(403, "AccessDeniedException", "{\"message\":\"You don't have access to the model with the specified model ID.\"}", nameof(ErrorCode.ProviderAuthFailed), false)]
    [InlineData(403, "ExpiredTokenException", "{}", nameof(ErrorCode.ProviderAuthFailed), false)]
    [InlineData(403, "InvalidSignatureException", "{\"message\":\"Signature expired: 20260101T000000Z is now earlier than\"}", nameof(ErrorCode.ProviderAuthFailed), false)]
    [InlineData(403, null, "{\"Message\":\"Authentication failed: Please make sure your API Key is valid.\"}", nameof(ErrorCode.ProviderAuthFailed), false)]
    [InlineData(429, "ThrottlingException", "{\"message\":\"Too many requests\"}", nameof(ErrorCode.RateLimitExceeded), false)]
    [InlineData(400, null, "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\",\"message\":\"Rate exceeded\"}", nameof(ErrorCode.RateLimitExceeded), false)]
    [InlineData(400, "ServiceQuotaExceededException", "{\"message\":\"too much\"}", nameof(ErrorCode.ProviderQuotaExhausted), false)]
    [InlineData(429, "ModelNotReadyException", "{\"message\":\"warming up\"}", nameof(ErrorCode.ProviderError), false)]
    [InlineData(408, "ModelTimeoutException", "{\"message\":\"slow\"}", nameof(ErrorCode.ProviderTimeout), false)]
    [InlineData(424, "ModelErrorException", "{\"message\":\"oops\",\"originalStatusCode\":500}", nameof(ErrorCode.ProviderError), false)]
    [InlineData(500, "InternalServerException", "{}", nameof(ErrorCode.ProviderError), false)]
    [InlineData(503, "ServiceUnavailableException", "{}", nameof(ErrorCode.ProviderError), false)]
    [InlineData(404, "ResourceNotFoundException", "{\"message\":\"Could not resolve the foundation model\"}", nameof(ErrorCode.ModelNotFound), false)]
    [InlineData(400, "ValidationException", "{\"message\":\"The provided model identifier is invalid.\"}", nameof(ErrorCode.ModelNotFound), false)]
    [InlineData(400, "ValidationException", "{\"message\":\"Invocation of model ID x with on-demand throughput isn't supported. Retry with an inference profile.\"}", nameof(ErrorCode.ModelNotFound), false)]
    [InlineData(400, "ValidationException", "{\"message\":\"Input is too long for requested model.\"}", nameof(ErrorCode.ContextLengthExceeded), true)]
    [InlineData(400, "ValidationException", "{\"message\":\"The model returned the following errors: prompt is too long: 300000 tokens\"}", nameof(ErrorCode.ContextLengthExceeded), true)]
    [InlineData(400, "ValidationException", "{\"message\":\"messages.0: the text field is blank\"}", nameof(ErrorCode.InvalidValue), true)]
    [InlineData(400, "ValidationException", "{\"message\":\"Operation not allowed\"}", nameof(ErrorCode.ProviderAuthFailed), false)]
    [InlineData(404, "UnknownOperationException", "", nameof(ErrorCode.ProviderError), false)]
    [InlineData(502, null, "<html>bad gateway</html>", nameof(ErrorCode.ProviderError), false)]
    public void ReadFailure_OfAwss_IsClassed(int status, string? type, string body, string code, bool isFinal)
    {
        RouteTarget target = Turns.Target("bedrock", "anthropic.claude");
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        if (type is not null)
        {
            response.Headers.TryAddWithoutValidation("x-amzn-ErrorType", type);
        }

        VendorFailure failure = target.Deployment.Provider.ReadFailure(status, response, Encoding.UTF8.GetBytes(body), target.Deployment);

        Assert.Equal(code, failure.Code.ToString());
        Assert.Equal(isFinal, failure.IsFinal);
    }

    [Fact]
    public void ReadFailure_SecretInTheMessage_IsMasked()
    {
        const string Secret = "aws-secret-value-that-nobody-may-see";
        RouteTarget target = Turns.Target("bedrock", "m", llm => llm.Auth.Values["secret_access_key"] = new(Secret));
        using var response = new HttpResponseMessage(HttpStatusCode.BadRequest);
        response.Headers.TryAddWithoutValidation("x-amzn-errortype", "ValidationException");

        VendorFailure failure = target.Deployment.Provider.ReadFailure(400, response, Encoding.UTF8.GetBytes($$"""{"message":"bad {{Secret}}"}"""), target.Deployment);

        Assert.DoesNotContain(Secret, failure.Message, StringComparison.Ordinal);
    }
}
