using System.Collections.Frozen;

namespace LlmProxy.Guards.Detectors;

/// <summary>Bank accounts (IBAN), written together or in groups: a known country, its length, and the right check digits (mod 97).</summary>
internal sealed class IbanDetector() : Detector("iban", "IBAN")
{
    /// <summary>From the registry of ISO 13616.</summary>
    private static readonly FrozenDictionary<string, int> Lengths = (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 "
        + "GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 "
        + "ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 "
        + "ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30").Split(' ').ToFrozenDictionary(entry => entry[..2], entry => int.Parse(entry[2..], System.Globalization.CultureInfo.InvariantCulture));

    private static readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> LengthOf = Lengths.GetAlternateLookup<ReadOnlySpan<char>>();

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        Span<char> country = stackalloc char[2];
        for (int at = from; at < text.Length;)
        {
            // Its third character is always a digit: letters are far more common in texts.
            int digit = text[at..].IndexOfAnyInRange('0', '9');
            if (digit < 0)
            {
                break;
            }

            digit += at;
            at = digit + 1;
            start = digit - 2;
            if (start < from || IsWordAt(text, start - 1) || !char.IsAsciiLetter(text[start]) || !char.IsAsciiLetter(text[start + 1]))
            {
                continue;
            }

            country[0] = char.ToUpperInvariant(text[start]);
            country[1] = char.ToUpperInvariant(text[start + 1]);
            if (LengthOf.TryGetValue(country, out int expected) && Length(text[start..], expected) is > 0 and var found)
            {
                length = found;
                return true;
            }
        }

        return None(out start, out length);
    }

    private static int Length(ReadOnlySpan<char> text, int expected)
    {
        Span<char> plain = stackalloc char[expected];
        int count = 0;
        int at = 0;
        for (; at < text.Length && count < expected; at++)
        {
            if (char.IsAsciiLetterOrDigit(text[at]))
            {
                plain[count++] = char.ToUpperInvariant(text[at]);
            }
            else if (text[at] is not (' ' or '-') || !IsWordAt(text, at + 1))
            {
                return 0;
            }
        }

        return count == expected && !IsWordAt(text, at) && IsMod97(plain) ? at : 0;
    }

    private static bool IsMod97(ReadOnlySpan<char> plain)
    {
        int rest = 0;
        for (int i = 0; i < plain.Length; i++)
        {
            char letter = plain[(i + 4) % plain.Length];
            rest = char.IsAsciiDigit(letter) ? ((rest * 10) + (letter - '0')) % 97 : ((rest * 100) + (letter - 'A' + 10)) % 97;
        }

        return rest == 1;
    }
}
