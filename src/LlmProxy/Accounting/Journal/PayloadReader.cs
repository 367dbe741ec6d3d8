using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace LlmProxy.Accounting.Journal;

/// <summary>Reads what <see cref="PayloadWriter"/> wrote. Fields that a later version put behind the known ones are left unread.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    public Guid ReadGuid() => new(Take(16));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    public int ReadInt() => (int)ReadLong();

    public long ReadLong()
    {
        if (_rest.Length > 0 && _rest[0] < 0x80)
        {
            uint small = _rest[0];
            _rest = _rest[1..];
            return (long)(small >> 1) ^ -(long)(small & 1);
        }

        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        throw new InvalidDataException("A number in the journal does not end.");
    }

    public decimal ReadDecimal()
    {
        ReadOnlySpan<byte> bytes = Take(16);
        Span<int> bits = stackalloc int[4];
        for (int i = 0; i < bits.Length; i++)
        {
            bits[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * 4)..]);
        }

        return new decimal(bits);
    }

    /// <summary>The bytes of a text as they stand there; <see cref="Utf8Text.IsNone"/> where there is none.</summary>
    public ReadOnlySpan<byte> ReadUtf8()
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
        return length == 0 ? default : Take(length - 1);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            throw new InvalidDataException("A record of the journal ends too early.");
        }

        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

/// <summary>A record's texts: no text is something else than an empty one.</summary>
internal static class Utf8Text
{
    public static bool IsNone(this ReadOnlySpan<byte> utf8) => Unsafe.IsNullRef(ref MemoryMarshal.GetReference(utf8));

    /// <summary>Null: there is none.</summary>
    public static string? Text(this ReadOnlySpan<byte> utf8) => utf8.IsNone() ? null : Encoding.UTF8.GetString(utf8);

    /// <summary>Where there is none, what is said instead.</summary>
    public static ReadOnlySpan<byte> Or(this ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> instead) => utf8.IsNone() ? instead : utf8;
}
