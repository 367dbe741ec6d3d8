using System.Buffers;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Conversations of other dialects' clients with Claude, wherever it is hosted.</summary>
internal sealed class AnthropicChat(AnthropicDialect dialect) : IChatVendor
{
    public StreamForm Stream => StreamForm.ServerSentEvents;

    public bool WantsBytes(ChatPart part, ChatTurn turn) => part.Kind is PartKind.Image or PartKind.File
        && part.Media!.Url is { } url
        && (!dialect.ReadsAddresses || url.StartsWith("http:", StringComparison.OrdinalIgnoreCase)); // Only https is fetched.

    public string PathFor(ChatTurn turn) => dialect.PathFor(turn.Target.Model, turn.IsStream, false);

    public void Write(ChatTurn turn, IBufferWriter<byte> body) => AnthropicRequest.Write(turn, dialect, body);

    public IChatStream OpenStream(ChatTurn turn) => new AnthropicStream(turn.AnswerTool, turn.Llm.Label);

    public void ReadWhole(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink) =>
        AnthropicResponse.Tell(body, new AnthropicTeller(turn.AnswerTool), turn.Llm.Label, sink);
}
