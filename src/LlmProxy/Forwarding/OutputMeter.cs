using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>
/// About how many tokens of an answer have come, without reading it: the events of one stream differ by their text alone, so
/// what an event has more than the shortest one is text, four letters a token, and one token at least. Good enough to bound
/// what a budget loses and to say what an answer cost whose vendor never got to say it.
/// </summary>
/// <param name="choices">How many answers the stream tells side by side.</param>
internal struct OutputMeter(int choices)
{
    private const int BytesPerToken = 4;

    private long _extraBytes;
    private long _events;
    private int _shortest;
    private int _finished;
    private bool _hasOutput;
    private bool _hasEnded;

    public readonly int Choices => choices;

    public readonly long Tokens => Math.Max(_events, _extraBytes / BytesPerToken);

    public void Take(in StreamFrame frame, FrameVerdict verdict)
    {
        _hasOutput |= (verdict & FrameVerdict.Output) != 0;
        bool isFinish = (verdict & FrameVerdict.Finish) != 0;
        _finished += isFinish ? 1 : 0;
        _hasEnded |= (verdict & (FrameVerdict.Error | FrameVerdict.End)) != 0 || (isFinish && _finished >= choices);
        if (!_hasOutput || _hasEnded || isFinish || !frame.HasData || frame.IsDone || BringsNoText(frame.Event))
        {
            return; // Heads and ends have other members than what stands between them.
        }

        int length = frame.Data.Length;
        if (_events == 0 || length < _shortest)
        {
            _extraBytes += _events * (_events == 0 ? 0 : _shortest - length);
            _shortest = length;
        }

        _events++;
        _extraBytes += length - _shortest;
    }

    /// <summary>Dialects that name their events say so.</summary>
    private static bool BringsNoText(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && (name.StartsWith("response."u8) ? !name.EndsWith(".delta"u8) : name.SequenceEqual("ping"u8) || name.StartsWith("content_block_st"u8));
}
