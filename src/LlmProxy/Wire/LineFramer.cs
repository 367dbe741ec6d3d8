namespace LlmProxy.Wire;

/// <summary>Finds the lines of a stream of JSON lines; blank ones are frames without data.</summary>
internal sealed class LineFramer : IStreamFramer
{
    private int _searched;

    public bool TryRead(ReadOnlySpan<byte> buffer, bool ended, out int consumed, out StreamFrame frame)
    {
        int at = buffer[_searched..].IndexOf((byte)'\n');
        if (at < 0 && !(ended && buffer.Length > 0))
        {
            _searched = buffer.Length;
            consumed = 0;
            frame = default;
            return false;
        }

        bool isCut = at < 0;
        consumed = isCut ? buffer.Length : _searched + at + 1;
        _searched = 0;
        ReadOnlySpan<byte> raw = buffer[..consumed];
        ReadOnlySpan<byte> line = raw.Trim(" \t\r\n"u8);
        frame = new StreamFrame(raw, default, line, hasData: !line.IsEmpty, line.IsEmpty ? -1 : raw.IndexOf(line), isCut);
        return true;
    }
}
