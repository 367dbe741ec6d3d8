using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace LlmProxy.Accounting.Journal;

/// <summary>What a record of the journal says; the letter is what a hex dump shows.</summary>
internal enum RecordType : byte
{
    Begin = (byte)'B',
    Attempt = (byte)'A',
    Progress = (byte)'P',
    Settled = (byte)'S',
}

/// <summary>
/// A record as it lies in the file: length, type and version, a mark, CRC32C, payload, zeros up to the next multiple of
/// eight. The sum is seeded with the owner's own number, so that no text inside a damaged record can pass for one.
/// </summary>
internal static class RecordFrame
{
    public const int HeaderBytes = 12;
    public const int Alignment = 8;
    public const int MostPayload = 1 << 20;
    private const byte Version = 1;
    private const ushort Mark = 0x4C4A;

    /// <summary>How many bytes a record with this payload takes.</summary>
    public static int Size(int payload) => (HeaderBytes + payload + Alignment - 1) & -Alignment;

    /// <summary>The number that an owner's records are summed with.</summary>
    public static uint Seed(Guid owner)
    {
        Span<byte> bytes = stackalloc byte[16];
        owner.TryWriteBytes(bytes);
        return Sum(uint.MaxValue, bytes);
    }

    /// <summary>Writes the header before a payload that already stands behind it, and the zeros after it.</summary>
    public static void Seal(Span<byte> frame, RecordType type, int payload, uint seed)
    {
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload);
        frame[4] = (byte)type;
        frame[5] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(frame[6..], Mark);
        frame[(HeaderBytes + payload)..Size(payload)].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], Sum(Sum(seed, frame[..8]), frame.Slice(HeaderBytes, payload)));
    }

    /// <summary>The whole size that a header announces; 0 when this is no header.</summary>
    public static int Announced(ReadOnlySpan<byte> bytes)
    {
        int payload = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        return payload is > 0 and <= MostPayload && BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) == Mark ? Size(payload) : 0;
    }

    /// <summary>Whether a whole record of this owner stands here, unharmed.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> frame, uint seed, out RecordType type, out int payload)
    {
        payload = BinaryPrimitives.ReadInt32LittleEndian(frame);
        type = (RecordType)frame[4];
        return BinaryPrimitives.ReadUInt32LittleEndian(frame[8..]) == Sum(Sum(seed, frame[..8]), frame.Slice(HeaderBytes, payload))
            && (frame[5] == Version ? true : throw new NewerJournalException(frame[5]));
    }

    private static uint Sum(uint sum, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            sum = BitOperations.Crc32C(sum, word);
        }

        foreach (byte one in bytes[(words.Length * sizeof(ulong))..])
        {
            sum = BitOperations.Crc32C(sum, one);
        }

        return sum;
    }
}

/// <summary>A journal that a newer version wrote: it is left to one that can read it.</summary>
internal sealed class NewerJournalException(int version) : IOException($"its records are of version {version}, which only a newer gateway can read");
