using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads a stream of chat chunks.</summary>
internal sealed class OpenAiChatStream(VendorLabel vendor) : IChatStream
{
    private readonly OpenAiChatAnswer _answer = new(vendor);

    public void Read(in StreamFrame frame, ChatSink sink)
    {
        if (!frame.HasData || frame.Data.IsEmpty)
        {
            return;
        }

        if (frame.IsDone)
        {
            _answer.FinishAll(sink);
            sink.End();
        }
        else if (frame.Event.SequenceEqual("error"u8))
        {
            sink.Fail(StreamFrames.Failure(frame.Data, vendor));
        }
        else
        {
            _answer.Read(frame.Data, sink);
        }
    }

    /// <summary>Some servers never send the closing mark: the finish reason has said that the answer is whole.</summary>
    public void Ended(ChatSink sink)
    {
        if (_answer.IsFinished)
        {
            sink.End();
        }
    }
}
