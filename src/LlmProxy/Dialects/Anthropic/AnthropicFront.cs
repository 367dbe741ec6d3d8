using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>/v1/messages for vendors of another dialect.</summary>
internal sealed class AnthropicFront : IChatFront, ITokenFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new MessagesReader(request).Read(body);

    public bool GoesOn => true;

    public IChatStream? OpenReader(VendorLabel vendor) => new AnthropicStream(null, vendor);

    public ChatSink OpenStream(ChatTurn turn) => new AnthropicStreamSink(turn);

    public ChatSink OpenWhole(ChatTurn turn) => new AnthropicMessageSink(turn);

    /// <summary>The answer of count_tokens.</summary>
    public void Write(long inputTokens, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("input_tokens"u8, inputTokens);
        json.WriteEndObject();
    }
}
