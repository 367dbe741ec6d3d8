namespace LlmProxy.Tokens;

/// <summary>
/// Cuts text into the pieces whose bytes are merged, as the encodings' regular expressions do (pat_str in tiktoken), but
/// in one look at each character. The steps stand in the order of the patterns' alternatives.
/// </summary>
internal static class TextPieces
{
    /// <summary>
    /// Where the piece that begins here ends. cl100k_base: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
    /// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    /// </summary>
    public static int EndOfCl100k(ReadOnlySpan<byte> text, int start)
    {
        TextKind first = TextKinds.At(text, start, out int length);
        if (text[start] == '\'' && Contraction(text, start) is > 0 and var contraction)
        {
            return start + contraction;
        }

        int letters = (first & TextKind.Prefix) != 0 ? start + length : start;
        int end = SkipAll(text, letters, TextKind.Letter);
        return end > letters ? end : EndOfRest(text, start, first, length, alsoSlash: false);
    }

    /// <summary>
    /// The same for o200k_base, whose words begin anew at a capital behind small letters and take a contraction along:
    /// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|…)?, the same with + and * in
    /// each other's place, then as above with [\r\n/]* behind symbols.
    /// </summary>
    public static int EndOfO200k(ReadOnlySpan<byte> text, int start)
    {
        TextKind first = TextKinds.At(text, start, out int length);
        int end = (first & TextKind.Prefix) != 0 ? EndOfWord(text, start + length, first == TextKind.Mark) : -1;
        if (end < 0 && (first & (TextKind.Letter | TextKind.Mark)) != 0)
        {
            end = EndOfWord(text, start, needsSmall: false);
        }

        return end < 0 ? EndOfRest(text, start, first, length, alsoSlash: true)
            : end < text.Length && text[end] == '\'' ? end + Contraction(text, end)
            : end;
    }

    /// <summary>
    /// A word of o200k_base: capitals, then small letters; what has no case (or stands on another) is both. Without
    /// anything small behind them the capitals give back what follows their last caseless one; all capitals are a word too.
    /// -1: there is none here. <paramref name="needsSmall"/>: all capitals do not count.
    /// </summary>
    private static int EndOfWord(ReadOnlySpan<byte> text, int start, bool needsSmall)
    {
        int at = start;
        int behindCaseless = -1;
        while (true)
        {
            TextKind kind = TextKinds.At(text, at, out int length);
            if (kind == TextKind.Lower)
            {
                return SkipAll(text, at, TextKind.Lower | TextKind.Caseless | TextKind.Mark);
            }

            if ((kind & (TextKind.Upper | TextKind.Caseless | TextKind.Mark)) == 0)
            {
                break;
            }

            at += length;
            behindCaseless = kind == TextKind.Upper ? behindCaseless : at;
        }

        return behindCaseless >= 0 ? behindCaseless : at > start && !needsSmall ? at : -1;
    }

    private static int EndOfRest(ReadOnlySpan<byte> text, int start, TextKind first, int length, bool alsoSlash)
    {
        if (first == TextKind.Number)
        {
            int end = start + length;
            for (int digits = 1; digits < 3 && TextKinds.At(text, end, out length) == TextKind.Number; digits++)
            {
                end += length;
            }

            return end;
        }

        int symbols = text[start] == ' ' ? start + 1 : start;
        int behind = SkipAll(text, symbols, TextKind.Mark | TextKind.Symbol);
        if (behind > symbols)
        {
            while (behind < text.Length && (text[behind] is (byte)'\r' or (byte)'\n' || (alsoSlash && text[behind] == '/')))
            {
                behind++;
            }

            return behind;
        }

        return EndOfSpace(text, start);
    }

    /// <summary>Up to the last line break of the run; else the run without its last character, which belongs to what follows.</summary>
    private static int EndOfSpace(ReadOnlySpan<byte> text, int start)
    {
        int at = start;
        int last = start;
        int behindBreak = -1;
        while ((TextKinds.At(text, at, out int length) & TextKind.White) is var kind && kind != 0)
        {
            last = at;
            at += length;
            behindBreak = kind == TextKind.Newline ? at : behindBreak;
        }

        return behindBreak >= 0 ? behindBreak : at == text.Length || last == start ? at : last;
    }

    private static int SkipAll(ReadOnlySpan<byte> text, int at, TextKind kinds)
    {
        while ((TextKinds.At(text, at, out int length) & kinds) != 0)
        {
            at += length;
        }

        return at;
    }

    /// <summary>How long the contraction is that begins with this apostrophe; 0: none does. The long s (U+017F) is an s to them.</summary>
    private static int Contraction(ReadOnlySpan<byte> text, int at)
    {
        int first = Lower(text, at + 1);
        int second = Lower(text, at + 2);
        return first switch
        {
            's' or 't' or 'm' or 'd' => 2,
            'r' or 'v' when second == 'e' => 3,
            'l' when second == 'l' => 3,
            0xC5 when second == 0xBF => 3,
            _ => 0,
        };
    }

    private static int Lower(ReadOnlySpan<byte> text, int at) => at >= text.Length ? 0 : text[at] is >= (byte)'A' and <= (byte)'Z' ? text[at] | 0x20 : text[at];
}
