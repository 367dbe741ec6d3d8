using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Gemini;

/// <summary>Reads a stream of whole GenerateContentResponse pieces, which ends without a mark of its own.</summary>
internal sealed class GeminiStream(ChatTurn turn) : IChatStream
{
    private readonly GeminiAnswer _answer = new(turn);

    public void Read(in StreamFrame frame, ChatSink sink)
    {
        if (frame.HasData && !frame.IsDone)
        {
            _answer.Read(frame.Data, sink);
        }
    }

    public void Ended(ChatSink sink)
    {
        if (_answer.IsWhole && sink.Failure is null)
        {
            _answer.End(sink);
        }
    }
}
