using System.Buffers;
using LlmProxy.Pipeline;
using LlmProxy.Dialects.OpenAi;

namespace LlmProxy.Dialects.Ollama;

/// <summary>What all of Ollama's endpoints share.</summary>
internal sealed class OllamaClients : ClientDialect
{
    public static readonly OllamaClients Instance = new();

    public override string StreamType => "application/x-ndjson";

    public override ReadOnlySpan<byte> KeepAlive => default;

    public override void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.Write(output, error, requestId);

    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.WriteEvent(output, error, requestId);
}
