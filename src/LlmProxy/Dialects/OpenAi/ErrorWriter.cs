using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Renders a failure in OpenAI's shape, with the four fields that its SDKs read always present.</summary>
internal static class ErrorWriter
{
    // Readable beyond ASCII: the text is sent as JSON, never inside HTML.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> output, GatewayError error, string requestId)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        WriteMember(json, error, requestId);
        json.WriteEndObject();
    }

    /// <summary>The "error" member alone.</summary>
    public static void WriteMember(Utf8JsonWriter json, GatewayError error, string requestId)
    {
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, error.Code.Type());
        json.WriteString("param"u8, error.Param);
        json.WriteString("code"u8, error.Code.Wire());
        if (error.Provider is not null)
        {
            json.WriteString("provider"u8, error.Provider);
        }

        json.WriteString("request_id"u8, requestId);
        json.WriteEndObject();
    }

    /// <summary>The same as the last event of a stream that has begun.</summary>
    public static void WriteEvent(IBufferWriter<byte> output, GatewayError error, string requestId)
    {
        output.Write("data: "u8); // JSON without indentation has no line end that would need more lines.
        Write(output, error, requestId);
        output.Write("\n\n"u8);
    }
}
