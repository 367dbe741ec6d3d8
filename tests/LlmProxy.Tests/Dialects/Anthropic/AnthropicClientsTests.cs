using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Dialects.Anthropic;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Dialects.Anthropic;

public sealed class AnthropicClientsTests
{
    [Theory]
    [InlineData(nameof(ErrorCode.InvalidValue), "invalid_request_error")]
    [InlineData(nameof(ErrorCode.InvalidApiKey), "authentication_error")]
    [InlineData(nameof(ErrorCode.ModelNotAllowed), "permission_error")]
    [InlineData(nameof(ErrorCode.ModelNotFound), "not_found_error")]
    [InlineData(nameof(ErrorCode.BodyTooLarge), "request_too_large")]
    [InlineData(nameof(ErrorCode.RateLimitExceeded), "rate_limit_error")]
    [InlineData(nameof(ErrorCode.ProviderError), "api_error")]
    [InlineData(nameof(ErrorCode.NoHealthyProvider), "overloaded_error")]
    [InlineData(nameof(ErrorCode.ProviderTimeout), "timeout_error")]
    public void Error_OfEachStatus_HasItsOwnType(string code, string type)
    {
        JsonNode error = Written(new GatewayError(Enum.Parse<ErrorCode>(code), "Why."));

        Assert.Equal(("error", type, "Why.", "req-1"), ((string)error["type"]!, (string)error["error"]!["type"]!, (string)error["error"]!["message"]!, (string)error["request_id"]!));
    }

    [Fact]
    public void Error_OfATooLongConversation_SaysWhatCodingClientsLookFor()
    {
        Assert.Equal("prompt is too long: 9 > 8", (string)Written(new GatewayError(ErrorCode.ContextLengthExceeded, "9 > 8"))["error"]!["message"]!);
    }

    [Fact]
    public void ErrorEvent_InAStream_IsNamedError()
    {
        var output = new ArrayBufferWriter<byte>();
        AnthropicClients.Instance.WriteErrorEvent(output, new GatewayError(ErrorCode.ProviderError, "Gone."), "req-1");
        string text = Encoding.UTF8.GetString(output.WrittenSpan);

        Assert.StartsWith("event: error\ndata: {\"type\":\"error\"", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n\n", text, StringComparison.Ordinal);
    }

    private static JsonNode Written(GatewayError error)
    {
        var output = new ArrayBufferWriter<byte>();
        AnthropicClients.Instance.WriteError(output, error, "req-1");
        return JsonNode.Parse(output.WrittenSpan)!;
    }
}
