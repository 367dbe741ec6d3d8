using System.Buffers;
using System.Text.Json;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>OpenAI's clients of the Responses API, whose streams end in an error event of their own.</summary>
internal sealed class ResponsesClients : ClientDialect
{
    public static readonly ResponsesClients Instance = new();

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public override void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.Write(output, error, requestId);

    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId) => WriteErrorEvent(output, error, requestId, 0);

    /// <summary>
    /// Code, message and param stand at the top, as the API's reference has them, and once more in "error", where the
    /// service itself puts them and the Node client looks.
    /// </summary>
    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId, long number)
    {
        output.Write("event: error\ndata: "u8);
        using (var json = new Utf8JsonWriter(output, ResponseEvents.Json))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteNumber("sequence_number"u8, number);
            json.WriteString("code"u8, error.Code.Wire());
            json.WriteString("message"u8, error.Message);
            json.WriteString("param"u8, error.Param);
            ErrorWriter.WriteMember(json, error, requestId);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }
}
