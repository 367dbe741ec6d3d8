using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Dialects;

/// <summary>One way in which clients hold a conversation: how its requests are read, how its answers are written.</summary>
internal interface IChatFront
{
    /// <summary>
    /// Reads the request; a value says what is wrong with it. The request's slices live as long as the body.
    /// <paramref name="http"/> is there for headers that change a meaning (anthropic-beta).
    /// </summary>
    GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request);

    /// <summary>Writes a stream's events to the sink's Output as they are told.</summary>
    ChatSink OpenStream(ChatTurn turn);

    /// <summary>Whether another LLM can go on with a stream that broke: its sink then knows <see cref="ChatSink.GoOn"/>.</summary>
    bool GoesOn => false;

    /// <summary>Reads along where the bytes of a vendor of the same dialect go to the client; null: they cannot be gone on with.</summary>
    IChatStream? OpenReader(VendorLabel vendor) => null;

    /// <summary>Collects the answer and writes it whole to the sink's Output at End.</summary>
    ChatSink OpenWhole(ChatTurn turn);
}
