using System.Buffers.Binary;
using System.Buffers.Text;

namespace LlmProxy.Tokens;

/// <summary>A picture's size out of the first bytes of its file, without decoding it.</summary>
internal static class ImageSize
{
    private const int MostRead = 64 * 1024;
    private const int Largest = 65_535;

    /// <summary>Null: not a picture of a known form (PNG, GIF, JPEG, WebP), or its size does not stand near the beginning.</summary>
    public static (int Width, int Height)? Of(ReadOnlySpan<byte> base64)
    {
        base64 = base64[..Math.Min(base64.Length / 4 * 4, MostRead)];
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        Base64.DecodeFromUtf8(base64, bytes, out _, out int length, isFinalBlock: false);
        return OfFile(bytes.AsSpan(0, length)) is { Width: > 0 and <= Largest, Height: > 0 and <= Largest } size ? size : null;
    }

    private static (int Width, int Height)? OfFile(ReadOnlySpan<byte> file)
    {
        if (file.Length < 30)
        {
            return null;
        }

        return file[1..].StartsWith("PNG"u8) ? (BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..]))
            : file.StartsWith("GIF8"u8) ? (BinaryPrimitives.ReadUInt16LittleEndian(file[6..]), BinaryPrimitives.ReadUInt16LittleEndian(file[8..]))
            : file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8) ? OfWebP(file)
            : file[0] == 0xFF && file[1] == 0xD8 ? OfJpeg(file)
            : null;
    }

    private static (int Width, int Height)? OfWebP(ReadOnlySpan<byte> file) => file[12..16] switch
    {
        var lossy when lossy.SequenceEqual("VP8 "u8) => (BinaryPrimitives.ReadUInt16LittleEndian(file[26..]) & 0x3FFF, BinaryPrimitives.ReadUInt16LittleEndian(file[28..]) & 0x3FFF),
        var lossless when lossless.SequenceEqual("VP8L"u8) => Packed(BinaryPrimitives.ReadUInt32LittleEndian(file[21..])),
        var extended when extended.SequenceEqual("VP8X"u8) => (1 + (BinaryPrimitives.ReadInt32LittleEndian(file[24..]) & 0xFFFFFF), 1 + (BinaryPrimitives.ReadInt32LittleEndian(file[26..]) >>> 8)),
        _ => null,
    };

    /// <summary>Two numbers of 14 bits, each one less than it means.</summary>
    private static (int Width, int Height) Packed(uint bits) => ((int)(bits & 0x3FFF) + 1, (int)((bits >> 14) & 0x3FFF) + 1);

    /// <summary>Walks over the segments to the frame's header (SOF0 to SOF15 without the three that are none).</summary>
    private static (int Width, int Height)? OfJpeg(ReadOnlySpan<byte> file)
    {
        int at = 2;
        while (at + 9 < file.Length && file[at] == 0xFF)
        {
            byte marker = file[at + 1];
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return (BinaryPrimitives.ReadUInt16BigEndian(file[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(file[(at + 5)..]));
            }

            at += marker == 0xFF ? 1 : 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
        }

        return null;
    }
}
