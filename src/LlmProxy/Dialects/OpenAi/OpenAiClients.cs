using System.Buffers;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>What all of OpenAI's endpoints share.</summary>
internal sealed class OpenAiClients : ClientDialect
{
    public static readonly OpenAiClients Instance = new();

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public override void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.Write(output, error, requestId);

    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.WriteEvent(output, error, requestId);
}
