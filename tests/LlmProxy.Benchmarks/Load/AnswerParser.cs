using System.Buffers.Text;

namespace LlmProxy.Benchmarks.Load;

/// <summary>Reads one HTTP/1.1 answer after another from bytes cut anywhere; the body goes to a meter.</summary>
internal sealed class AnswerParser(BodyMeter meter)
{
    private enum Part
    {
        Head,
        FixedBody,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailer,
    }

    private Part _part;
    private byte[] _held = new byte[1024];
    private int _heldLength;
    private long _left;

    public int Status { get; private set; }

    /// <summary>Takes what the socket gave and says whether the answer is complete.</summary>
    public bool Take(ReadOnlySpan<byte> bytes, long now)
    {
        while (bytes.Length > 0)
        {
            switch (_part)
            {
                case Part.Head:
                    if (!TryTakeThrough("\r\n\r\n"u8, ref bytes, out ReadOnlySpan<byte> head))
                    {
                        return false;
                    }
                    ReadHead(head);
                    if (_part == Part.FixedBody && _left == 0)
                    {
                        return End(bytes);
                    }
                    break;
                case Part.FixedBody or Part.ChunkData:
                    ReadOnlySpan<byte> piece = bytes[..(int)Math.Min(_left, bytes.Length)];
                    meter.Take(piece, now);
                    bytes = bytes[piece.Length..];
                    _left -= piece.Length;
                    if (_left == 0)
                    {
                        if (_part == Part.FixedBody)
                        {
                            return End(bytes);
                        }
                        _part = Part.ChunkEnd;
                    }
                    break;
                default:
                    if (!TryTakeThrough("\r\n"u8, ref bytes, out ReadOnlySpan<byte> line))
                    {
                        return false;
                    }
                    if (_part == Part.Trailer && line.Length == 2)
                    {
                        return End(bytes);
                    }
                    if (_part == Part.ChunkSize)
                    {
                        ReadChunkSize(line);
                    }
                    else if (_part == Part.ChunkEnd)
                    {
                        _part = Part.ChunkSize;
                    }
                    break;
            }
        }
        return false;
    }

    private bool End(ReadOnlySpan<byte> rest)
    {
        _part = Part.Head;
        return rest.Length == 0 ? true : throw new InvalidDataException("bytes follow the answer's end");
    }

    private void ReadHead(ReadOnlySpan<byte> head)
    {
        Status = Number(head["HTTP/1.1 ".Length..], 'D');
        if (ValueOf(head, "\r\ncontent-length:"u8) is { Length: > 0 } length)
        {
            _left = Number(length, 'D');
            _part = Part.FixedBody;
        }
        else if (!ValueOf(head, "\r\ntransfer-encoding:"u8).IsEmpty)
        {
            _part = Part.ChunkSize;
        }
        else
        {
            throw new InvalidDataException("the answer has neither a length nor chunks");
        }
    }

    private void ReadChunkSize(ReadOnlySpan<byte> line)
    {
        _left = Number(line, 'x');
        _part = _left == 0 ? Part.Trailer : Part.ChunkData;
    }

    private static int Number(ReadOnlySpan<byte> text, char format) =>
        Utf8Parser.TryParse(text, out int number, out _, format)
            ? number
            : throw new InvalidDataException("a number of the answer's framing cannot be read");

    // Header names come in any case; lower-casing a few hundred bytes is cheaper than being clever.
    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[Math.Min(head.Length, 4096)];
        System.Text.Ascii.ToLower(head[..lower.Length], lower, out _);
        int at = lower.IndexOf(name);
        return at < 0 ? default : head[(at + name.Length)..].TrimStart((byte)' ');
    }

    /// <summary>Hands out everything through the mark; what arrives in pieces is held until it is whole.</summary>
    private bool TryTakeThrough(ReadOnlySpan<byte> mark, ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> taken)
    {
        if (_heldLength == 0 && bytes.IndexOf(mark) is var at && at >= 0)
        {
            taken = bytes[..(at + mark.Length)];
            bytes = bytes[taken.Length..];
            return true;
        }
        while (bytes.Length > 0)
        {
            if (_heldLength == _held.Length)
            {
                Array.Resize(ref _held, _held.Length * 2);
            }
            _held[_heldLength++] = bytes[0];
            bytes = bytes[1..];
            if (_held.AsSpan(0, _heldLength).EndsWith(mark))
            {
                taken = _held.AsSpan(0, _heldLength);
                _heldLength = 0;
                return true;
            }
        }
        taken = default;
        return false;
    }
}
