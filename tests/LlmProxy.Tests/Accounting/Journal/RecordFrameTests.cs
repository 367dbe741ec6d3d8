using System.Buffers.Binary;
using LlmProxy.Accounting.Journal;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>The frame around a record.</summary>
public sealed class RecordFrameTests
{
    [Theory]
    [InlineData(1, 16)]
    [InlineData(4, 16)]
    [InlineData(5, 24)]
    [InlineData(12, 24)]
    public void Size_IsAMultipleOfEight(int payload, int size) => Assert.Equal(size, RecordFrame.Size(payload));

    [Fact]
    public void Sum_IsCrc32C()
    {
        // The check value of CRC-32C is that of "123456789", final inversion apart.
        byte[] frame = new byte[32];
        "12345"u8.CopyTo(frame.AsSpan(RecordFrame.HeaderBytes));
        RecordFrame.Seal(frame, RecordType.Begin, 5, uint.MaxValue);

        uint expected = uint.MaxValue;
        foreach (byte one in frame[..8].Concat("12345"u8.ToArray()))
        {
            expected ^= one;
            for (int bit = 0; bit < 8; bit++)
            {
                expected = (expected & 1) != 0 ? (expected >> 1) ^ 0x82F63B78 : expected >> 1;
            }
        }

        Assert.Equal(expected, BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(8)));
    }

    /// <summary>Makes the first record of a file one that a later version wrote.</summary>
    internal static void MakeNewer(byte[] file, string owner)
    {
        int payload = BinaryPrimitives.ReadInt32LittleEndian(file);
        file[5] = 2;
        uint sum = RecordFrame.Seed(Guid.Parse(owner));
        foreach (byte one in file[..8].Concat(file[RecordFrame.HeaderBytes..(RecordFrame.HeaderBytes + payload)]))
        {
            sum = System.Numerics.BitOperations.Crc32C(sum, one);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(8), sum);
    }
}
