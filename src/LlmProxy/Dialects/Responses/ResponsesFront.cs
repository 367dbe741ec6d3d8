using LlmProxy.Conversation;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects.Responses;

/// <summary>/v1/responses for vendors that do not speak it: each call stands alone, and nothing is kept.</summary>
internal sealed class ResponsesFront : IChatFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new ResponsesReader(request).Read(body);

    public bool GoesOn => true;

    public ChatSink OpenStream(ChatTurn turn) => new ResponseSink(turn, isStream: true);

    public ChatSink OpenWhole(ChatTurn turn) => new ResponseSink(turn, isStream: false);
}
