namespace LlmProxy.Wire;

/// <summary>
/// Finds whole server-sent events in a buffer that its caller owns and grows. One instance per stream: it remembers how
/// far it has looked, so that a huge event arriving in small pieces is searched once.
/// </summary>
internal sealed class SseFramer : IStreamFramer
{
    private const byte Lf = (byte)'\n';
    private const byte Cr = (byte)'\r';

    private bool _atStreamStart = true;
    private int _lineStart; // Of the line that is not known whole yet.
    private int _searched; // No line end stands before this offset of that line.
    private byte[] _joined = [];

    /// <summary>
    /// Reads the first event of <paramref name="buffer"/>, which starts at the first byte not consumed yet and holds
    /// everything that a call before it held. With <paramref name="ended"/> what is left is an event too.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> buffer, bool ended, out int consumed, out StreamFrame frame)
    {
        consumed = 0;
        frame = default;
        if (buffer.IsEmpty)
        {
            return false;
        }

        if (buffer[0] is Lf or Cr)
        {
            // Blank lines before an event say nothing. Also the LF of a CRLF whose CR closed the event before it.
            int noise = buffer.IndexOfAnyExcept(Lf, Cr);
            return Finish(noise < 0 ? buffer.Length : noise, buffer, [], default, hasData: false, -1, isCut: false, out consumed, out frame);
        }

        while (true)
        {
            int at = buffer[_searched..].IndexOfAny(Lf, Cr);
            if (at < 0)
            {
                _searched = buffer.Length;
                return ended && Parse(buffer, isCut: true, out consumed, out frame);
            }

            at += _searched;
            int next = at + 1;
            bool isBlank = at == _lineStart;
            if (buffer[at] == Cr)
            {
                if (next < buffer.Length)
                {
                    next += buffer[next] == Lf ? 1 : 0;
                }
                else if (!isBlank && !ended)
                {
                    // A LF may follow, and must not be taken for a blank line. After a blank line it does no harm.
                    _searched = at;
                    return false;
                }
            }

            if (isBlank)
            {
                return Parse(buffer[..next], isCut: false, out consumed, out frame);
            }

            _lineStart = _searched = next;
        }
    }

    private bool Parse(ReadOnlySpan<byte> raw, bool isCut, out int consumed, out StreamFrame frame)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> data = default;
        int dataStart = -1;
        int dataLines = 0;
        int joined = 0;
        int at = _atStreamStart && raw.StartsWith("\uFEFF"u8) ? 3 : 0;
        while (at < raw.Length)
        {
            int length = raw[at..].IndexOfAny(Lf, Cr);
            length = length < 0 ? raw.Length - at : length;
            ReadOnlySpan<byte> line = raw.Slice(at, length);
            if (FieldIs(line, "data"u8, out int valueStart))
            {
                ReadOnlySpan<byte> value = line[valueStart..];
                if (dataLines++ == 0)
                {
                    data = value;
                    dataStart = at + valueStart;
                }
                else
                {
                    joined = Join(dataLines == 2 ? data : _joined.AsSpan(0, joined), value);
                    data = _joined.AsSpan(0, joined);
                    dataStart = -1;
                }
            }
            else if (FieldIs(line, "event"u8, out valueStart))
            {
                name = line[valueStart..];
            }

            // Between CR and LF of one line end stands an empty line to this loop, which means nothing here.
            at += length + 1;
        }

        return Finish(raw.Length, raw, name, data, dataLines > 0, dataStart, isCut, out consumed, out frame);
    }

    private bool Finish(
        int length, ReadOnlySpan<byte> buffer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, bool hasData, int dataStart, bool isCut,
        out int consumed, out StreamFrame frame)
    {
        _atStreamStart = false;
        _lineStart = _searched = 0;
        consumed = length;
        frame = new StreamFrame(buffer[..length], name, data, hasData, dataStart, isCut);
        return true;
    }

    /// <summary>A field's value follows its colon and at most one space; a line without colon is a field without value.</summary>
    private static bool FieldIs(ReadOnlySpan<byte> line, ReadOnlySpan<byte> field, out int valueStart)
    {
        valueStart = field.Length;
        if (!line.StartsWith(field))
        {
            return false;
        }

        if (line.Length == valueStart)
        {
            return true;
        }

        if (line[valueStart++] != ':')
        {
            return false;
        }

        if (valueStart < line.Length && line[valueStart] == ' ')
        {
            valueStart++;
        }

        return true;
    }

    private int Join(ReadOnlySpan<byte> before, ReadOnlySpan<byte> line)
    {
        int length = before.Length + 1 + line.Length;
        if (length > _joined.Length)
        {
            byte[] larger = new byte[Math.Max(length, Math.Max(1024, _joined.Length * 2))];
            before.CopyTo(larger);
            _joined = larger;
        }
        else if (before.Length > 0 && !before.Overlaps(_joined))
        {
            before.CopyTo(_joined);
        }

        _joined[before.Length] = Lf;
        line.CopyTo(_joined.AsSpan(before.Length + 1));
        return length;
    }
}
