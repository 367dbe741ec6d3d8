using System.Buffers;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Conversations in Google's dialect, at either of its addresses.</summary>
internal sealed class GeminiChat(GoogleApi api, Func<ChatTurn, string, string> pathFor) : IChatVendor
{
    public bool HasChoices => true;

    public StreamForm Stream => StreamForm.ServerSentEvents;

    public bool WantsBytes(ChatPart part, ChatTurn turn) => part.Media?.Url is { } url && !GeminiMedia.IsReadByGoogle(url);

    public string PathFor(ChatTurn turn) => pathFor(turn, GeminiAddress.ActionFor(turn.IsStream));

    public void Write(ChatTurn turn, IBufferWriter<byte> body) => GeminiRequest.Write(turn, api, body);

    public IChatStream OpenStream(ChatTurn turn) => new GeminiStream(turn);

    public void ReadWhole(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink) => GeminiResponse.Read(turn, body, sink);
}
