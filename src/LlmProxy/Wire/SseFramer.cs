using System.Buffers;

namespace LlmProxy.Wire;

/// <summary>
/// Finds whole server-sent events in a buffer that its owner fills and empties. Remembers how far it has looked, so that
/// a huge event arriving in small pieces is not looked through again and again.
/// </summary>
internal sealed class SseFramer
{
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private int _scanned;
    private int _lineStart;
    private bool _begun;
    private byte[] _joined = [];

    /// <summary>
    /// Reads the event at the start of <paramref name="buffer"/>, which begins with the first byte not yet consumed.
    /// With <paramref name="ended"/> the last event may lack its blank line.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> buffer, bool ended, out int consumed, out SseFrame frame)
    {
        consumed = FindEnd(buffer, ended);
        if (consumed <= 0)
        {
            consumed = 0;
            frame = default;
            return false;
        }

        frame = Parse(buffer[..consumed]);
        _begun = true;
        _scanned = 0;
        _lineStart = 0;
        return true;
    }

    /// <summary>Offset behind the event's closing blank line; 0 when it has not arrived.</summary>
    private int FindEnd(ReadOnlySpan<byte> buffer, bool ended)
    {
        while (true)
        {
            int found = buffer[_scanned..].IndexOfAny(LineEnds);
            if (found < 0)
            {
                _scanned = buffer.Length;
                return ended ? buffer.Length : 0;
            }

            int at = _scanned + found;
            int length = 1;
            if (buffer[at] == (byte)'\r')
            {
                if (at + 1 < buffer.Length)
                {
                    length = buffer[at + 1] == (byte)'\n' ? 2 : 1;
                }
                else if (!ended && !IsBareReturn(buffer, at))
                {
                    // The line feed that belongs to it may be in the next piece.
                    _scanned = at;
                    return 0;
                }
            }

            bool isBlank = at == _lineStart;
            _lineStart = _scanned = at + length;
            if (isBlank)
            {
                return _scanned;
            }
        }
    }

    /// <summary>A return that ends a blank line after a line that itself ended in a bare return.</summary>
    private bool IsBareReturn(ReadOnlySpan<byte> buffer, int at) => at == _lineStart && at > 0 && buffer[at - 1] == (byte)'\r';

    private SseFrame Parse(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> rest = raw;
        if (!_begun && rest.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            rest = rest[3..];
        }

        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> data = default;
        int lines = 0;
        int joined = 0;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOfAny(LineEnds);
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + (rest[end] == (byte)'\r' && end + 1 < rest.Length && rest[end + 1] == (byte)'\n' ? 2 : 1))..];
            if (IsField(line, "data"u8, out ReadOnlySpan<byte> value))
            {
                if (lines == 1)
                {
                    joined = Join(0, data, isFirst: true);
                }

                if (lines >= 1)
                {
                    joined = Join(joined, value, isFirst: false);
                }

                data = value;
                lines++;
            }
            else if (IsField(line, "event"u8, out value))
            {
                name = value;
            }
        }

        return new SseFrame(raw, name, lines > 1 ? _joined.AsSpan(0, joined) : data, lines > 0);
    }

    private static bool IsField(ReadOnlySpan<byte> line, ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!line.StartsWith(field))
        {
            return false;
        }

        if (line.Length == field.Length)
        {
            return true;
        }

        if (line[field.Length] != (byte)':')
        {
            return false;
        }

        value = line[(field.Length + 1)..];
        if (!value.IsEmpty && value[0] == (byte)' ')
        {
            value = value[1..];
        }

        return true;
    }

    private int Join(int at, ReadOnlySpan<byte> value, bool isFirst)
    {
        int needed = at + value.Length + 1;
        if (_joined.Length < needed)
        {
            Array.Resize(ref _joined, Math.Max(needed, 1024 + (_joined.Length * 2)));
        }

        if (!isFirst)
        {
            _joined[at++] = (byte)'\n';
        }

        value.CopyTo(_joined.AsSpan(at));
        return at + value.Length;
    }
}
