using System.Buffers.Binary;

namespace LlmProxy.Wire;

/// <summary>
/// The layout of one binary event stream message: total length, length of the headers, a CRC over these two, headers,
/// payload, a CRC over everything before it; all big-endian.
/// https://smithy.io/2.0/aws/amazon-eventstream.html
/// </summary>
internal static class EventStreamMessage
{
    public const int PreludeBytes = 12;
    public const int CrcBytes = 4;

    /// <summary>The format's own bounds: 24 MB of payload and 128 KB of headers.</summary>
    public const int MostHeaderBytes = 128 * 1024;

    public const int MostBytes = PreludeBytes + MostHeaderBytes + (24 * 1024 * 1024) + CrcBytes;

    /// <summary>Length of the message that begins here; 0 where no message can begin with these twelve bytes.</summary>
    public static int LengthOf(ReadOnlySpan<byte> prelude)
    {
        uint total = BinaryPrimitives.ReadUInt32BigEndian(prelude);
        uint headers = BinaryPrimitives.ReadUInt32BigEndian(prelude[4..]);
        bool isPossible = total is >= PreludeBytes + CrcBytes and <= MostBytes
            && headers <= MostHeaderBytes && headers <= total - PreludeBytes - CrcBytes
            && BinaryPrimitives.ReadUInt32BigEndian(prelude[8..]) == Crc32.Of(prelude[..8]);
        return isPossible ? (int)total : 0;
    }

    public static bool IsIntact(ReadOnlySpan<byte> message) =>
        BinaryPrimitives.ReadUInt32BigEndian(message[^CrcBytes..]) == Crc32.Of(message[..^CrcBytes]);

    public static int PayloadStart(ReadOnlySpan<byte> message) =>
        PreludeBytes + (int)BinaryPrimitives.ReadUInt32BigEndian(message[4..]);

    /// <summary>A text header's value; empty where it is missing. The message's lengths must have been checked.</summary>
    public static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> message, ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> rest = message[PreludeBytes..PayloadStart(message)];
        while (TryReadHeader(ref rest, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> text))
        {
            if (key.SequenceEqual(name))
            {
                return text;
            }
        }

        return default;
    }

    /// <summary>Takes one header off; false at the end, and where the rest is no header (<paramref name="rest"/> is then not empty).</summary>
    public static bool TryReadHeader(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> text)
    {
        name = text = default;
        if (rest.IsEmpty || rest.Length < rest[0] + 2)
        {
            return false;
        }

        int at = rest[0] + 1;
        byte type = rest[at++];
        int start = at;
        int length;
        if (type is 6 or 7)
        {
            if (rest.Length < at + 2)
            {
                return false;
            }

            length = BinaryPrimitives.ReadUInt16BigEndian(rest[at..]);
            start += 2;
        }
        else
        {
            length = type switch { 0 or 1 => 0, 2 => 1, 3 => 2, 4 => 4, 5 or 8 => 8, 9 => 16, _ => -1 };
        }

        if (length < 0 || rest.Length < start + length)
        {
            return false;
        }

        name = rest[1..(rest[0] + 1)];
        text = type == 7 ? rest.Slice(start, length) : default;
        rest = rest[(start + length)..];
        return true;
    }
}
