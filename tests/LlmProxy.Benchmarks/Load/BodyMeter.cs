using System.Buffers.Text;
using System.Diagnostics;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Load;

/// <summary>Counts one answer's bytes and SSE frames as they arrive, without keeping them unless asked to.</summary>
internal sealed class BodyMeter
{
    private bool _endedWithNewline;

    public long Bytes { get; private set; }

    public int Frames { get; private set; }

    /// <summary>When the second frame, the first with content, was seen; 0 before.</summary>
    public long FirstContentAt { get; private set; }

    /// <summary>Keeps the whole body for the fairness check.</summary>
    public MemoryStream? Capture { get; set; }

    /// <summary>Takes how long each stamped chunk was on its way.</summary>
    public LatencyRecorder? Transit { get; set; }

    public void Reset()
    {
        _endedWithNewline = false;
        Bytes = 0;
        Frames = 0;
        FirstContentAt = 0;
        Capture?.SetLength(0);
    }

    public void Take(ReadOnlySpan<byte> piece, long now)
    {
        Bytes += piece.Length;
        Capture?.Write(piece);
        if (_endedWithNewline && piece[0] == '\n')
        {
            Frames++;
            _endedWithNewline = false;
            piece = piece[1..];
        }
        while (piece.IndexOf("\n\n"u8) is var end && end >= 0)
        {
            Frames++;
            if (Transit is not null)
            {
                RecordTransit(piece, now);
            }
            piece = piece[(end + 2)..];
        }
        if (piece.Length > 0)
        {
            _endedWithNewline = piece[^1] == '\n';
        }
        if (FirstContentAt == 0 && Frames >= 2)
        {
            FirstContentAt = now;
        }
    }

    // Only frames that arrive in one piece are timed: that is nearly all of them, and a sample is enough.
    private void RecordTransit(ReadOnlySpan<byte> frame, long now)
    {
        if (frame.StartsWith(BakedStream.StampPrefix)
            && Utf8Parser.TryParse(frame.Slice(BakedStream.StampPrefix.Length, BakedStream.StampDigits), out long sent, out _)
            && sent > 0)
        {
            Transit!.Record(Stopwatch.GetElapsedTime(sent, now));
        }
    }
}
