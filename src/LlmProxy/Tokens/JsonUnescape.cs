using System.Buffers.Text;
using System.Text;

namespace LlmProxy.Tokens;

/// <summary>The inside of a JSON string as the text that it stands for.</summary>
internal static class JsonUnescape
{
    /// <summary>
    /// Writes the text, which is never longer than its escaped form, and says how long it is. Half a surrogate pair
    /// becomes the replacement character, as it does in every encoder of UTF-8.
    /// </summary>
    public static int Write(ReadOnlySpan<byte> escaped, Span<byte> text)
    {
        int written = 0;
        while (!escaped.IsEmpty)
        {
            int plain = escaped.IndexOf((byte)'\\');
            plain = plain < 0 ? escaped.Length : plain;
            escaped[..plain].CopyTo(text[written..]);
            written += plain;
            escaped = escaped[plain..];
            if (escaped.Length >= 2)
            {
                written += WriteOne(ref escaped, text[written..]);
            }
            else
            {
                break;
            }
        }

        return written;
    }

    private static int WriteOne(ref ReadOnlySpan<byte> escaped, Span<byte> text)
    {
        byte letter = escaped[1];
        if (letter != 'u')
        {
            escaped = escaped[2..];
            text[0] = letter switch { (byte)'n' => (byte)'\n', (byte)'t' => (byte)'\t', (byte)'r' => (byte)'\r', (byte)'b' => (byte)'\b', (byte)'f' => (byte)'\f', _ => letter };
            return 1;
        }

        int unit = Unit(escaped);
        escaped = escaped[Math.Min(6, escaped.Length)..];
        if (unit is >= 0xD800 and < 0xDC00 && Unit(escaped) is >= 0xDC00 and < 0xE000 and var low)
        {
            escaped = escaped[6..];
            return new Rune((char)unit, (char)low).EncodeToUtf8(text);
        }

        return (Rune.TryCreate(unit, out Rune rune) ? rune : Rune.ReplacementChar).EncodeToUtf8(text);
    }

    private static int Unit(ReadOnlySpan<byte> escaped) =>
        escaped.Length >= 6 && escaped.StartsWith("\\u"u8) && Utf8Parser.TryParse(escaped[2..6], out ushort unit, out int read, 'x') && read == 4 ? unit : -1;
}
