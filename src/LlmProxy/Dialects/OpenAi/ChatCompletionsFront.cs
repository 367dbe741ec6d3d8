using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>/v1/chat/completions for vendors of another dialect.</summary>
internal sealed class ChatCompletionsFront : IChatFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new ChatCompletionsReader(request).Read(body);

    public bool GoesOn => true;

    public IChatStream? OpenReader(VendorLabel vendor) => new OpenAiChatStream(vendor);

    public ChatSink OpenStream(ChatTurn turn) => new ChatChunkSink(turn);

    public ChatSink OpenWhole(ChatTurn turn) => new ChatCompletionSink(turn);
}
