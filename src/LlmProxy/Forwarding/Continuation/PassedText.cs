using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>
/// Reads the text where a vendor's own bytes go to the client, so that another LLM's can follow them as if they were the
/// same answer's.
/// </summary>
internal sealed class PassedText(AnswerSoFar soFar, IChatStream reader)
{
    private readonly AnswerTap _tap = new(soFar, null);

    public void Read(in StreamFrame frame)
    {
        try
        {
            reader.Read(frame, _tap);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e) || e is FormatException)
        {
            soFar.MoreThanText();
        }
    }
}
