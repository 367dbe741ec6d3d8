using System.Buffers.Binary;

namespace LlmProxy.Wire;

/// <summary>Finds the events of several streams that were merged into one, each with the number of the stream it came from.</summary>
internal sealed class MergedFramer(int sources, Func<IStreamFramer> open) : IStreamFramer
{
    /// <summary>Stream number and length; a length of 0: that stream has ended.</summary>
    public const int HeadBytes = 8;

    private readonly Source[] _sources = [.. Enumerable.Range(0, sources).Select(_ => new Source(open()))];
    private int _reading = -1;

    public int Held { get; private set; }

    public bool TryRead(ReadOnlySpan<byte> buffer, bool ended, out int consumed, out StreamFrame frame)
    {
        consumed = 0;
        if (_reading >= 0)
        {
            Source source = _sources[_reading];
            if (source.TryRead(out StreamFrame inner))
            {
                frame = inner with { Source = _reading };
                return true;
            }

            if (source.HasEnded && !source.IsReported)
            {
                source.IsReported = true;
                frame = new StreamFrame(default, default, default, hasData: false) { Source = _reading, EndsSource = true };
                return true;
            }

            _reading = -1;
        }

        frame = default;
        if (buffer.Length < HeadBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(buffer[4..]);
        if (buffer.Length < HeadBytes + length)
        {
            return false;
        }

        _reading = BinaryPrimitives.ReadInt32LittleEndian(buffer);
        _sources[_reading].Add(buffer.Slice(HeadBytes, length));
        Held = _sources.Max(source => source.Length);
        consumed = HeadBytes + length;
        return true; // A frame that says nothing: the next ones come out of what was just taken in.
    }

    /// <summary>One of the streams, with what has arrived of an event that is not whole yet.</summary>
    private sealed class Source(IStreamFramer framer)
    {
        private byte[] _bytes = [];
        private int _start;
        private int _end;

        public bool HasEnded { get; private set; }

        public bool IsReported { get; set; }

        public int Length => _end - _start;

        public void Add(ReadOnlySpan<byte> piece)
        {
            HasEnded = piece.IsEmpty;
            _bytes.AsSpan(_start.._end).CopyTo(_bytes);
            _end -= _start;
            _start = 0;
            if (_bytes.Length < _end + piece.Length)
            {
                Array.Resize(ref _bytes, Math.Max(_end + piece.Length, _bytes.Length * 2));
            }

            piece.CopyTo(_bytes.AsSpan(_end));
            _end += piece.Length;
        }

        public bool TryRead(out StreamFrame frame)
        {
            bool isWhole = framer.TryRead(_bytes.AsSpan(_start.._end), HasEnded, out int taken, out frame);
            _start += taken;
            return isWhole;
        }
    }
}
