using System.Buffers;
using LlmProxy.Pipeline;
using LlmProxy.Dialects.OpenAi;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>What all of Anthropic's endpoints share.</summary>
internal sealed class AnthropicClients : ClientDialect
{
    public static readonly AnthropicClients Instance = new();

    public override ReadOnlySpan<byte> KeepAlive => "event: ping\ndata: {\"type\": \"ping\"}\n\n"u8;

    public override void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.Write(output, error, requestId);

    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId) => ErrorWriter.WriteEvent(output, error, requestId);
}
