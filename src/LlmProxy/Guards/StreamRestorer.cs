using System.Buffers;
using LlmProxy.Forwarding;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>
/// Puts values back into a stream. A placeholder may arrive in pieces: an event whose text ends like the beginning of one
/// waits, with those behind it, until the next piece says what it is; no longer than a placeholder. One per stream.
/// </summary>
internal sealed class StreamRestorer(Restorer restorer, IStreamFramer framer, bool textIsJson) : IDisposable
{
    /// <summary>A text that keeps others waiting for longer is none of ours.</summary>
    private const int MostWaiting = 512;

    private readonly FramePieces _frame = new(textIsJson);
    private readonly Queue<WaitingEvent> _waiting = new();
    private readonly Dictionary<string, Tail> _tails = new(StringComparer.Ordinal);
    private readonly PooledWriter _scratch = new();

    /// <summary>The bytes of a text's end that a placeholder may go on from, and the event they stand in.</summary>
    private sealed record Tail(WaitingEvent Owner, int Edit, byte[] Bytes, long Group, bool IsTool);

    /// <summary>Reads what whole events there are; what can go out is written. Gives back how many bytes were read.</summary>
    public int Take(ReadOnlySpan<byte> bytes, bool ended, IBufferWriter<byte> output)
    {
        int from = 0;
        while (framer.TryRead(bytes[from..], ended, out int consumed, out StreamFrame frame))
        {
            Take(in frame, output);
            from += consumed;
        }

        if (ended)
        {
            Release(-1);
        }

        Send(output);
        return from;
    }

    public void Dispose() => _scratch.Dispose();

    private void Take(in StreamFrame frame, IBufferWriter<byte> output)
    {
        if (frame.HasData && frame.DataStart < 0)
        {
            TakeInOneLine(in frame, output);
            return;
        }

        if (frame.IsDone)
        {
            Release(-1);
        }

        if (!frame.HasData || !_frame.Read(frame.Data))
        {
            Pass(in frame, output);
            return;
        }

        WaitingEvent? edited = null;
        foreach (FramePiece piece in _frame.Pieces)
        {
            ReadOnlySpan<byte> text = frame.Data[piece.Start..piece.End];
            Tail? before = null;
            if (piece.Lane is not null)
            {
                before = _tails.GetValueOrDefault(piece.Lane);
                ReleaseOthers(in piece);
            }

            if (before is null && !Restorer.MayHold(text))
            {
                continue;
            }

            _scratch.Clear();
            byte[]? joined = before is null ? null : [.. before.Bytes, .. text];
            ReadOnlySpan<byte> whole = joined ?? text;
            int left = restorer.RestoreText(whole, piece.IsNested, mayGoOn: piece.Lane is not null, _scratch);
            if (before is not null)
            {
                _tails.Remove(piece.Lane!);
                before.Owner.Pending--;
            }

            edited ??= new WaitingEvent(frame.Raw.ToArray());
            edited.Edits.Add((frame.DataStart + piece.Start, frame.DataStart + piece.End, _scratch.Written.ToArray()));
            if (left > 0)
            {
                edited.Pending++;
                _tails[piece.Lane!] = new Tail(edited, edited.Edits.Count - 1, whole[^left..].ToArray(), piece.Group, piece.IsTool);
            }
        }

        if (edited is not null)
        {
            _waiting.Enqueue(edited);
        }

        foreach (long closed in _frame.Closed)
        {
            Release(_frame.GroupOf(closed));
        }

        if (edited is null)
        {
            Pass(in frame, output);
        }

        if (_waiting.Count > MostWaiting)
        {
            Release(-1);
        }
    }

    /// <summary>An event whose data came in several lines: line ends in JSON are only space.</summary>
    private void TakeInOneLine(in StreamFrame frame, IBufferWriter<byte> output)
    {
        byte[] name = frame.Event.IsEmpty ? [] : [.. "event: "u8, .. frame.Event, (byte)'\n'];
        byte[] raw = [.. name, .. "data: "u8, .. frame.Data, .. "\n\n"u8];
        Span<byte> data = raw.AsSpan(name.Length + 6, frame.Data.Length);
        data.Replace((byte)'\n', (byte)' ');
        var line = new StreamFrame(raw, frame.Event, data, hasData: true, name.Length + 6);
        Take(in line, output);
    }

    private void Pass(in StreamFrame frame, IBufferWriter<byte> output)
    {
        Send(output);
        if (_waiting.Count > 0)
        {
            _waiting.Enqueue(new WaitingEvent(frame.Raw.ToArray()));
        }
        else
        {
            output.Write(frame.Raw);
        }
    }

    /// <summary>A choice's text does not go on once another of its texts does; calls' arguments may.</summary>
    private void ReleaseOthers(in FramePiece piece)
    {
        foreach ((string lane, Tail tail) in _tails)
        {
            if (tail.Group == piece.Group && !tail.IsTool && lane != piece.Lane)
            {
                GiveBack(lane, tail);
            }
        }
    }

    /// <summary>These texts are over: what looked like a beginning was none.</summary>
    private void Release(long group)
    {
        foreach ((string lane, Tail tail) in _tails)
        {
            if (group < 0 || tail.Group == group)
            {
                GiveBack(lane, tail);
            }
        }
    }

    private void GiveBack(string lane, Tail tail)
    {
        (int start, int end, byte[] text) = tail.Owner.Edits[tail.Edit];
        tail.Owner.Edits[tail.Edit] = (start, end, [.. text, .. tail.Bytes]);
        tail.Owner.Pending--;
        _tails.Remove(lane); // Allowed while it is walked over.
    }

    private void Send(IBufferWriter<byte> output)
    {
        while (_waiting.TryPeek(out WaitingEvent? first) && first.Pending == 0)
        {
            _waiting.Dequeue().WriteTo(output);
        }
    }
}
