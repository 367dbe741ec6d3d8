using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>
/// About how many tokens of an answer have come, without reading it: the events of one stream differ by their text alone, so
/// what an event has more than the shortest one is text, four letters a token, and one token at least. Good enough to bound
/// what a budget loses and to say what an answer cost whose vendor never got to say it.
/// </summary>
internal struct OutputMeter
{
    private const int BytesPerToken = 4;

    private long _extraBytes;
    private long _events;
    private int _shortest;
    private bool _hasOutput;
    private bool _hasEnded;

    public readonly long Tokens => Math.Max(_events, _extraBytes / BytesPerToken);

    public void Take(in StreamFrame frame, FrameVerdict verdict)
    {
        _hasOutput |= (verdict & FrameVerdict.Output) != 0;
        _hasEnded |= (verdict & (FrameVerdict.Error | FrameVerdict.Finish | FrameVerdict.End)) != 0;
        if (!_hasOutput || _hasEnded || !frame.HasData || frame.IsDone)
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
}
