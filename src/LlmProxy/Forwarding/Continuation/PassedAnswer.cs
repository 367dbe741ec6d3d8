using LlmProxy.Conversation;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>
/// Reads along where a vendor's own bytes go to the client, so that another LLM's can follow them as if they were the same
/// answer's. What is read is exactly what the client gets.
/// </summary>
internal sealed class PassedAnswer(AnswerSoFar soFar, IChatStream reader, IStreamFramer framer)
{
    private readonly AnswerTap _tap = new(soFar, null);
    private bool _hasFirst;

    public string AnswerId => _tap.AnswerId;

    public string? Model => _tap.ReportedModel;

    /// <summary>OpenAI's "created", which all chunks of one answer share.</summary>
    public long? Created { get; private set; }

    /// <summary>How many content blocks have begun, in Anthropic's dialect.</summary>
    public int Blocks { get; private set; }

    /// <summary>Whether the last of them is still open.</summary>
    public bool IsBlockOpen { get; private set; }

    /// <summary>One event of the vendor's: it passed as it came, or something was written in its place.</summary>
    public void Take(in StreamFrame frame, FrameVerdict verdict, ReadOnlySpan<byte> written)
    {
        if ((verdict & FrameVerdict.Error) != 0)
        {
            return; // Not the client's to see.
        }

        if ((verdict & FrameVerdict.Pass) != 0)
        {
            Read(frame);
            return;
        }

        while (!written.IsEmpty && framer.TryRead(written, false, out int consumed, out StreamFrame own))
        {
            Read(own);
            written = written[consumed..];
        }
    }

    private void Read(in StreamFrame frame)
    {
        if (!frame.HasData)
        {
            return;
        }

        try
        {
            ReadFrame(frame);
            reader.Read(frame, _tap);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e) || e is FormatException)
        {
            soFar.MoreThanText();
        }
    }

    private void ReadFrame(in StreamFrame frame)
    {
        int from = 0;
        if (!_hasFirst && !frame.IsDone)
        {
            _hasFirst = true;
            Created = Number(frame.Data, JsonScan.NextValue(frame.Data, "\"created\""u8, ref from));
        }

        if (frame.Event.SequenceEqual("content_block_start"u8))
        {
            from = 0;
            Blocks = (int)(Number(frame.Data, JsonScan.NextValue(frame.Data, "\"index\""u8, ref from)) ?? Blocks) + 1;
            IsBlockOpen = true;
        }
        else if (frame.Event.SequenceEqual("content_block_stop"u8))
        {
            IsBlockOpen = false;
        }
    }

    private static long? Number(ReadOnlySpan<byte> data, int at) =>
        at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(data[at..], out long number, out _) ? number : null;
}
