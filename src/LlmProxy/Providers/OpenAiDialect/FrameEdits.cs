using System.Buffers;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The few places where a text is changed on its way; all else is copied as it came.</summary>
internal sealed class FrameEdits
{
    private readonly List<(int Start, int End, byte[] Text)> _edits = [];

    public bool IsEmpty => _edits.Count == 0;

    public void Clear() => _edits.Clear();

    public void Cut(Range range) => Add(range.Start.Value, range.End.Value, []);

    public void Insert(int at, byte[] text) => Add(at, at, text);

    public void Replace(int start, int end, byte[] text) => Add(start, end, text);

    /// <summary>The text with its changes.</summary>
    public void WriteTo(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        int copied = 0;
        foreach ((int start, int end, byte[] put) in _edits)
        {
            output.Write(text[copied..Math.Max(start, copied)]);
            output.Write(put);
            copied = Math.Max(end, copied);
        }

        output.Write(text[copied..]);
    }

    private void Add(int start, int end, byte[] text)
    {
        int at = _edits.Count;
        while (at > 0 && _edits[at - 1].Start > start)
        {
            at--;
        }

        _edits.Insert(at, (start, end, text));
    }
}
