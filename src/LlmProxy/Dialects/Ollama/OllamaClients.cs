using System.Buffers;
using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.Ollama;

/// <summary>What all of Ollama's endpoints share. https://docs.ollama.com/api/errors</summary>
internal sealed class OllamaClients : ClientDialect
{
    public static readonly OllamaClients Instance = new();

    public override string StreamType => "application/x-ndjson";

    /// <summary>A line that says nothing is no line: its clients read every one of them.</summary>
    public override ReadOnlySpan<byte> KeepAlive => default;

    public override void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
        json.WriteStartObject();
        json.WriteString("error"u8, error.Message);
        json.WriteEndObject();
    }

    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId)
    {
        WriteError(output, error, requestId);
        output.Write("\n"u8);
    }
}
