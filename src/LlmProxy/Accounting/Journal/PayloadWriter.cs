using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace LlmProxy.Accounting.Journal;

/// <summary>Writes one record into a rented buffer, its header's place left free in front. Text is capped and made fit for any database.</summary>
internal ref struct PayloadWriter
{
    /// <summary>In characters; names are shorter, and nobody's request may fill the journal.</summary>
    public const int MostText = 256;

    private const int BytesPerChar = 3;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1024);
    private int _at = RecordFrame.HeaderBytes;

    public PayloadWriter()
    {
    }

    /// <summary>What was written so far.</summary>
    public readonly ReadOnlySpan<byte> Payload => _buffer.AsSpan(RecordFrame.HeaderBytes, _at - RecordFrame.HeaderBytes);

    /// <summary>The whole record, ready for the file; nothing may be written after.</summary>
    public readonly ReadOnlySpan<byte> Seal(RecordType type, uint seed)
    {
        int payload = _at - RecordFrame.HeaderBytes;
        RecordFrame.Seal(_buffer, type, payload, seed);
        return _buffer.AsSpan(0, RecordFrame.Size(payload));
    }

    public void Write(Guid value)
    {
        value.TryWriteBytes(Room(16));
        _at += 16;
    }

    public void Write(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(Room(sizeof(double)), value);
        _at += sizeof(double);
    }

    /// <summary>Small numbers are short, negative ones allowed.</summary>
    public void Write(long value)
    {
        Span<byte> room = Room(10);
        ulong rest = (ulong)((value << 1) ^ (value >> 63));
        int length = 0;
        while (rest >= 0x80)
        {
            room[length++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        room[length++] = (byte)rest;
        _at += length;
    }

    public void Write(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        Span<byte> room = Room(16);
        for (int i = 0; i < bits.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(room[(i * 4)..], bits[i]);
        }

        _at += 16;
    }

    /// <summary>Two bytes of length plus one (0: null), then UTF-8. Lone surrogates become replacement characters, NULs spaces.</summary>
    public void Write(string? text)
    {
        if (text is null)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Room(2), 0);
            _at += 2;
            return;
        }

        ReadOnlySpan<char> capped = text;
        if (capped.Length > MostText)
        {
            capped = capped[..(char.IsHighSurrogate(capped[MostText - 1]) ? MostText - 1 : MostText)];
        }

        Span<byte> room = Room(2 + (capped.Length * BytesPerChar));
        int length = Encoding.UTF8.GetBytes(capped, room[2..]);
        room.Slice(2, length).Replace((byte)0, (byte)' ');
        BinaryPrimitives.WriteUInt16LittleEndian(room, (ushort)(length + 1));
        _at += 2 + length;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Always with room for the zeros that may follow the last field.</summary>
    private Span<byte> Room(int bytes)
    {
        int needed = _at + bytes + RecordFrame.Alignment;
        if (needed > _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
            _buffer.AsSpan(0, _at).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(_at);
    }
}
