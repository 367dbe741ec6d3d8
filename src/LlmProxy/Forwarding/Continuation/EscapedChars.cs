using System.Globalization;
using System.Text;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>Reads the inside of a JSON string as the characters it means: two spellings of one text are one text.</summary>
internal static class EscapedChars
{
    /// <summary>The characters that begin at <paramref name="at"/>: one, or a pair of surrogates; <paramref name="second"/> is 0 for one.</summary>
    public static int Next(ReadOnlySpan<byte> escaped, int at, out char first, out char second)
    {
        second = '\0';
        byte here = escaped[at];
        if (here == '\\' && at + 1 < escaped.Length)
        {
            return Escape(escaped, at + 1, out first);
        }

        if (here < 0x80)
        {
            first = (char)here;
            return at + 1;
        }

        Rune.DecodeFromUtf8(escaped[at..], out Rune rune, out int length);
        Span<char> pair = stackalloc char[2];
        second = rune.EncodeToUtf16(pair) == 2 ? pair[1] : '\0';
        first = pair[0];
        return at + length;
    }

    /// <summary>The text, halves of surrogate pairs included as they stand.</summary>
    public static string Decode(ReadOnlySpan<byte> escaped)
    {
        var text = new StringBuilder(escaped.Length);
        for (int at = 0; at < escaped.Length;)
        {
            at = Next(escaped, at, out char first, out char second);
            text.Append(first);
            if (second != '\0')
            {
                text.Append(second);
            }
        }

        return text.ToString();
    }

    private static int Escape(ReadOnlySpan<byte> escaped, int at, out char meant)
    {
        switch (escaped[at])
        {
            case (byte)'n':
                meant = '\n';
                break;
            case (byte)'t':
                meant = '\t';
                break;
            case (byte)'r':
                meant = '\r';
                break;
            case (byte)'b':
                meant = '\b';
                break;
            case (byte)'f':
                meant = '\f';
                break;
            case (byte)'u' when at + 4 < escaped.Length && ushort.TryParse(escaped.Slice(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code):
                meant = (char)code;
                return at + 5;
            case byte same:
                meant = (char)same;
                break;
        }

        return at + 1;
    }
}
