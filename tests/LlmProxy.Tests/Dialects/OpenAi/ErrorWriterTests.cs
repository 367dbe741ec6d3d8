using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Dialects.OpenAi;

public sealed class ErrorWriterTests
{
    [Fact]
    public void Write_BareError_HasAllFourFieldsAndTheRequestId()
    {
        JsonElement error = Written(new GatewayError(ErrorCode.ModelNotFound, "No model \"x\" — did you mean größe-4?"));
        Assert.Equal("No model \"x\" — did you mean größe-4?", error.GetProperty("message").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Equal("req-1", error.GetProperty("request_id").GetString());
        Assert.False(error.TryGetProperty("provider", out _));
    }

    [Fact]
    public void Write_ProviderAndParam_AreTold()
    {
        JsonElement error = Written(new GatewayError(ErrorCode.InvalidValue, "m") { Provider = "openai", Param = "messages[0].role" });
        Assert.Equal("openai", error.GetProperty("provider").GetString());
        Assert.Equal("messages[0].role", error.GetProperty("param").GetString());
    }

    [Fact]
    public void Write_TextBeyondAscii_StaysReadable()
    {
        var output = new ArrayBufferWriter<byte>();
        ErrorWriter.Write(output, new GatewayError(ErrorCode.InternalError, "Grüße an 世界 <b> & 'so'"), "r");
        Assert.Contains("Grüße an 世界 <b> & 'so'", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Write_HalfASurrogatePair_IsStillJson() =>
        Assert.StartsWith("broken ", Written(new GatewayError(ErrorCode.InternalError, "broken \ud83d")).GetProperty("message").GetString());

    [Fact]
    public void WriteEvent_MessageWithLineEnds_IsOneEvent()
    {
        var output = new ArrayBufferWriter<byte>();
        ErrorWriter.WriteEvent(output, new GatewayError(ErrorCode.ProviderError, "a\nb\r\n\r\nc"), "r");
        var framer = new SseFramer();
        Assert.True(framer.TryRead(output.WrittenSpan, ended: false, out int consumed, out StreamFrame frame));
        Assert.Equal(output.WrittenCount, consumed);
        using JsonDocument document = JsonDocument.Parse(frame.Data.ToArray());
        Assert.Equal("a\nb\r\n\r\nc", document.RootElement.GetProperty("error").GetProperty("message").GetString());
    }

    private static JsonElement Written(GatewayError error)
    {
        var output = new ArrayBufferWriter<byte>();
        ErrorWriter.Write(output, error, "req-1");
        using JsonDocument document = JsonDocument.Parse(output.WrittenMemory);
        return document.RootElement.GetProperty("error").Clone();
    }
}
