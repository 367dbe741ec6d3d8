using LlmProxy.Conversation;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>/v1/completions for vendors that only chat: the prompt is the user's one message, the answer's text its continuation.</summary>
internal sealed class CompletionsFront : IChatFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new CompletionsReader(request).Read(body);

    public ChatSink OpenStream(ChatTurn turn) => new CompletionsChunkSink(turn);

    public ChatSink OpenWhole(ChatTurn turn) => new CompletionsSink(turn);
}
