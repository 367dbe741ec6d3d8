using System.Buffers;
using System.Globalization;
using System.Text;
using LlmProxy.Forwarding.Continuation;

namespace LlmProxy.Guards;

/// <summary>The inside of JSON strings: decoded for the detectors, with the way back to the bytes. Halves of surrogate pairs survive.</summary>
internal static class EscapedPieces
{
    /// <summary>Decodes into a rented array.</summary>
    public static char[] Decode(ReadOnlySpan<byte> escaped, out int length)
    {
        char[] text = ArrayPool<char>.Shared.Rent(Math.Max(escaped.Length, 1));
        if (!escaped.Contains((byte)'\\'))
        {
            length = Encoding.UTF8.GetChars(escaped, text);
            return text;
        }

        length = 0;
        for (int at = 0; at < escaped.Length;)
        {
            int plain = escaped[at..].IndexOf((byte)'\\');
            plain = plain < 0 ? escaped.Length - at : plain;
            length += Encoding.UTF8.GetChars(escaped.Slice(at, plain), text.AsSpan(length));
            at += plain;
            if (at < escaped.Length)
            {
                at = EscapedChars.Next(escaped, at, out text[length], out _);
                length++;
            }
        }

        return text;
    }

    /// <summary>Where the character stands in the bytes, counted on from a place that is known.</summary>
    public static int ByteOf(ReadOnlySpan<byte> escaped, int character, ref (int Byte, int Character) known)
    {
        while (known.Character < character)
        {
            known.Byte = EscapedChars.Next(escaped, known.Byte, out _, out char second);
            known.Character += second == '\0' ? 1 : 2;
        }

        return known.Byte;
    }

    /// <summary>As the inside of a JSON string.</summary>
    public static byte[] Escape(ReadOnlySpan<char> text)
    {
        var escaped = new ArrayBufferWriter<byte>(text.Length + 16);
        Escape(text, escaped);
        return escaped.WrittenSpan.ToArray();
    }

    public static void Escape(ReadOnlySpan<char> text, IBufferWriter<byte> output)
    {
        for (int at = 0; at < text.Length; at++)
        {
            char letter = text[at];
            bool isPair = char.IsHighSurrogate(letter) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]);
            if (letter is '"' or '\\')
            {
                output.Write([(byte)'\\', (byte)letter]);
            }
            else if (letter < ' ' || (char.IsSurrogate(letter) && !isPair))
            {
                WriteCode(letter, output);
            }
            else
            {
                Span<byte> utf8 = output.GetSpan(4);
                output.Advance(Encoding.UTF8.GetBytes(text.Slice(at, isPair ? 2 : 1), utf8));
                at += isPair ? 1 : 0;
            }
        }
    }

    private static void WriteCode(char letter, IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> known = letter switch
        {
            '\n' => "\\n"u8,
            '\r' => "\\r"u8,
            '\t' => "\\t"u8,
            _ => default,
        };
        output.Write(known);
        if (known.IsEmpty)
        {
            Span<byte> code = output.GetSpan(6);
            "\\u"u8.CopyTo(code);
            ((int)letter).TryFormat(code[2..], out _, "x4", CultureInfo.InvariantCulture);
            output.Advance(6);
        }
    }
}
