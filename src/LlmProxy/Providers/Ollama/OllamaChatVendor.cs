using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Ollama;

/// <summary>Holds a conversation over /api/chat. https://docs.ollama.com/api/chat</summary>
internal sealed class OllamaChatVendor : IChatVendor
{
    public StreamForm Stream => StreamForm.JsonLines;

    /// <summary>Images are taken as base64 only, and a document only when it is text that we put into the message.</summary>
    public bool WantsBytes(ChatPart part, ChatTurn turn) => part.Kind is PartKind.Image or PartKind.File;

    public string PathFor(ChatTurn turn) => "api/chat";

    public void Write(ChatTurn turn, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        new OllamaRequest(turn, json).Write();
    }

    public IChatStream OpenStream(ChatTurn turn) => new OllamaAnswer(turn.Llm.Label);

    /// <summary>A whole answer is a stream of one line.</summary>
    public void ReadWhole(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink) => new OllamaAnswer(turn.Llm.Label).ReadLine(body, sink);
}
