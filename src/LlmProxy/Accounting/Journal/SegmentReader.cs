using System.Buffers;

namespace LlmProxy.Accounting.Journal;

/// <summary>Goes through a segment's good records one after another; what is damaged is passed over and counted.</summary>
internal sealed class SegmentReader(JournalSegment segment, uint seed) : IDisposable
{
    private const int Ahead = 128 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Ahead);
    private int _start;
    private int _end;
    private long _filledTo;
    private long _zeros; // Passed over, and not known yet whether something comes behind them.
    private int _payload;
    private int _payloadLength;

    public JournalSegment Segment => segment;

    /// <summary>Zeros at the end are none: room that was tried out, or that the disk had taken beforehand.</summary>
    public long DamagedBytes { get; private set; }

    public long GoodRecords { get; private set; }

    public RecordType Type { get; private set; }

    /// <summary>Of the record read last; gone with the next one.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(_payload, _payloadLength);

    /// <summary>False: nothing more is there yet. A live segment may grow later.</summary>
    public bool TryRead()
    {
        while (true)
        {
            int have = _end - _start;
            if (have < RecordFrame.HeaderBytes)
            {
                if (!Fill(RecordFrame.HeaderBytes))
                {
                    return false;
                }

                continue;
            }

            int size = RecordFrame.Announced(_buffer.AsSpan(_start));
            if (size > have && Fill(size))
            {
                continue;
            }

            if (size > 0 && size <= have && RecordFrame.TryOpen(_buffer.AsSpan(_start, size), seed, out RecordType type, out int payload))
            {
                (Type, _payload, _payloadLength) = (type, _start + RecordFrame.HeaderBytes, payload);
                _start += size;
                GoodRecords++;
                (DamagedBytes, _zeros) = (DamagedBytes + _zeros, 0);
                return true;
            }

            int step = Math.Min(RecordFrame.Alignment, have);
            _zeros += step;
            if (_buffer.AsSpan(_start, step).ContainsAnyExcept((byte)0))
            {
                (DamagedBytes, _zeros) = (DamagedBytes + _zeros, 0);
            }

            _start += step;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>True when there are that many bytes from the start on.</summary>
    private bool Fill(int wanted)
    {
        long length = segment.Length;
        int have = _end - _start;
        if (_filledTo - have + wanted > length)
        {
            return false;
        }

        if (_start + wanted > _buffer.Length)
        {
            byte[] next = wanted > _buffer.Length ? ArrayPool<byte>.Shared.Rent(wanted + Ahead) : _buffer;
            _buffer.AsSpan(_start, have).CopyTo(next);
            if (next != _buffer)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = next;
            }

            (_start, _end) = (0, have);
        }

        while (_end - _start < wanted)
        {
            int read = segment.Read(_buffer.AsSpan(_end, (int)Math.Min(_buffer.Length - _end, length - _filledTo)), _filledTo);
            if (read == 0)
            {
                return false;
            }

            _end += read;
            _filledTo += read;
        }

        return true;
    }
}
