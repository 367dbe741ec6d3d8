using System.Buffers.Binary;
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

    public string? ReadText()
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
        return length == 0 ? null : Encoding.UTF8.GetString(Take(length - 1));
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
