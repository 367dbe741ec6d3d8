using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlmProxy.Pipeline;

namespace LlmProxy.Wire;

/// <summary>Writes an error in OpenAI's shape.</summary>
internal static class ErrorWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> client, GatewayError error, string requestId)
    {
        using var json = new Utf8JsonWriter(client, Options);
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Code.Type());
        json.WriteString("param", error.Param);
        json.WriteString("code", error.Code.Wire());
        if (error.Provider is not null)
        {
            json.WriteString("provider", error.Provider);
        }

        json.WriteString("request_id", requestId);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The same as the last event of a stream.</summary>
    public static void WriteEvent(IBufferWriter<byte> client, GatewayError error, string requestId)
    {
        client.Write("data: "u8);
        Write(client, error, requestId);
        client.Write("\n\n"u8);
    }
}
