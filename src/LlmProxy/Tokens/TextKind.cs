using System.Globalization;
using System.Text;

namespace LlmProxy.Tokens;

/// <summary>What a character is to the patterns that cut text into pieces.</summary>
[Flags]
internal enum TextKind : byte
{
    None = 0,

    /// <summary>Lu, Lt.</summary>
    Upper = 1,

    /// <summary>Ll.</summary>
    Lower = 2,

    /// <summary>Lm, Lo: letters without case.</summary>
    Caseless = 4,

    /// <summary>M: accents and other signs that stand on a letter.</summary>
    Mark = 8,

    /// <summary>N.</summary>
    Number = 16,

    /// <summary>White space other than CR and LF.</summary>
    Space = 32,

    /// <summary>CR, LF.</summary>
    Newline = 64,

    /// <summary>Everything else.</summary>
    Symbol = 128,

    Letter = Upper | Lower | Caseless,
    White = Space | Newline,

    /// <summary>What stands in front of a word and belongs to it.</summary>
    Prefix = Mark | Space | Symbol,
}

/// <summary>Finds the kind of a character in UTF-8 text.</summary>
internal static class TextKinds
{
    private static readonly TextKind[] Ascii = [.. Enumerable.Range(0, 128).Select(c => Of(new Rune(c)))];

    /// <summary>The character at this place; bytes that are no UTF-8 are symbols. None behind the end.</summary>
    public static TextKind At(ReadOnlySpan<byte> text, int at, out int length)
    {
        if ((uint)at >= (uint)text.Length)
        {
            length = 0;
            return TextKind.None;
        }

        byte first = text[at];
        if (first < 128)
        {
            length = 1;
            return Ascii[first];
        }

        return Rune.DecodeFromUtf8(text[at..], out Rune rune, out length) == System.Buffers.OperationStatus.Done ? Of(rune) : TextKind.Symbol;
    }

    private static TextKind Of(Rune rune)
    {
        if (rune.Value is '\r' or '\n')
        {
            return TextKind.Newline;
        }

        return Rune.IsWhiteSpace(rune) ? TextKind.Space : CharUnicodeInfo.GetUnicodeCategory(rune.Value) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => TextKind.Upper,
            UnicodeCategory.LowercaseLetter => TextKind.Lower,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => TextKind.Caseless,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => TextKind.Mark,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => TextKind.Number,
            _ => TextKind.Symbol,
        };
    }
}
