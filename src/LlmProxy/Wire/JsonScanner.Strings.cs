using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LlmProxy.Wire;

/// <content>Strings: most are plain to their closing quote; from the first escape on the blocks are looked at more closely.</content>
internal ref partial struct JsonScanner
{
    /// <summary>Passes the string that begins here; true when it holds an escape.</summary>
    public bool SkipString()
    {
        Position = StringEnd(Position, out bool isEscaped);
        return isEscaped;
    }

    private int StringEnd(int start, out bool isEscaped)
    {
        ReadOnlySpan<byte> json = _json;
        int at = Behind((byte)'"', start);
        isEscaped = false;
        while (at + Vector256<byte>.Count <= json.Length)
        {
            Vector256<byte> bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(json), (nuint)at);
            uint events = (Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
                | Vector256.LessThan(bytes, Vector256.Create((byte)0x20))).ExtractMostSignificantBits();
            if (events != 0)
            {
                at += BitOperations.TrailingZeroCount(events);
                if (json[at] == (byte)'"')
                {
                    return at + 1;
                }

                isEscaped = true;
                return EscapedEnd(json, at);
            }

            at += Vector256<byte>.Count;
        }

        return LastBytesEnd(json, at, ref isEscaped);
    }

    /// <summary>From the first escape on, or from what may not stand in a string.</summary>
    private int EscapedEnd(ReadOnlySpan<byte> json, int at)
    {
        uint carry = 0; // 1 while the next byte is the second half of an escape.
        while (at + Vector256<byte>.Count <= json.Length)
        {
            var block = new StringBlock(json, at, ref carry);
            if (block.Events != 0)
            {
                int spot = BitOperations.TrailingZeroCount(block.Events);
                CheckUnicode(json, at, block.UnicodeEscapes & ((1u << spot) - 1));
                return block.EndsAt(spot) ? at + spot + 1 : throw BrokenAt(at + spot);
            }

            CheckUnicode(json, at, block.UnicodeEscapes);
            at += Vector256<byte>.Count;
        }

        bool isEscaped = true;
        return LastBytesEnd(json, at - (int)carry, ref isEscaped);
    }

    /// <summary>Four hexadecimal digits must follow each of these spots.</summary>
    private void CheckUnicode(ReadOnlySpan<byte> json, int at, uint spots)
    {
        for (; spots != 0; spots &= spots - 1)
        {
            int digits = at + BitOperations.TrailingZeroCount(spots) + 1;
            if (digits + 4 > json.Length || !AreHex(json.Slice(digits, 4)))
            {
                throw BrokenAt(digits);
            }
        }
    }

    /// <summary>The last bytes of the text, too few for a whole vector.</summary>
    private int LastBytesEnd(ReadOnlySpan<byte> json, int at, ref bool isEscaped)
    {
        while (at < json.Length)
        {
            byte next = json[at];
            if (next == (byte)'"')
            {
                return at + 1;
            }

            if (next is (byte)'\\' or < 0x20)
            {
                int length = EscapeLength(json[at..]);
                at = length > 0 ? at + length : throw BrokenAt(at);
                isEscaped = true;
            }
            else
            {
                at++;
            }
        }

        throw BrokenAt(json.Length);
    }

    /// <summary>How many bytes the escape at the start takes; 0 when it is none.</summary>
    private static int EscapeLength(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2 || text[0] != (byte)'\\')
        {
            return 0;
        }

        return text[1] switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => 2,
            (byte)'u' when text.Length >= 6 && AreHex(text.Slice(2, 4)) => 6,
            _ => 0,
        };
    }

    private static bool AreHex(ReadOnlySpan<byte> digits)
    {
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }
        }

        return true;
    }
}
