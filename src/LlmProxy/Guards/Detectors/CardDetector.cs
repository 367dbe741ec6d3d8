namespace LlmProxy.Guards.Detectors;

/// <summary>Payment cards: 13 to 19 digits, in groups or not, of a known issuer and with the right check digit (Luhn).</summary>
internal sealed class CardDetector() : Detector("cards", "CARD")
{
    private const int Fewest = 13;
    private const int Most = 19;

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        Span<byte> digits = stackalloc byte[Most];
        for (int at = from; at <= text.Length - Fewest; at++)
        {
            int next = text[at..].IndexOfAnyInRange('2', '6');
            if (next < 0)
            {
                break;
            }

            at += next;
            if (!IsWordAt(text, at - 1) && LongestCard(text[at..], digits) is > 0 and var found)
            {
                start = at;
                length = found;
                return true;
            }
        }

        return None(out start, out length);
    }

    /// <summary>The longest card that begins here and ends where its digits do; 0 for none.</summary>
    private static int LongestCard(ReadOnlySpan<char> text, Span<byte> digits)
    {
        int count = 0;
        int longest = 0;
        for (int at = 0; at < text.Length && count < Most; at++)
        {
            if (!char.IsAsciiDigit(text[at]))
            {
                if (text[at] is ' ' or '-' && IsDigitAt(text, at + 1))
                {
                    continue;
                }

                break;
            }

            digits[count++] = (byte)(text[at] - '0');
            if (count >= Fewest && !IsWordAt(text, at + 1) && IsOfAnIssuer(digits[..count]) && IsLuhn(digits[..count]))
            {
                longest = at + 1;
            }
        }

        return longest;
    }

    private static bool IsOfAnIssuer(ReadOnlySpan<byte> digits)
    {
        int two = (digits[0] * 10) + digits[1];
        int four = (two * 100) + (digits[2] * 10) + digits[3];
        return digits.Length switch
        {
            13 => two is >= 40 and < 50,
            14 => two is 36 or 38 or 39 || four is >= 3000 and < 3060 or 3095,
            15 => two is 34 or 37,
            16 => two is >= 40 and < 50 or >= 51 and <= 55 or 62 or 65 || four is >= 2221 and <= 2720 or 6011 or >= 6440 and <= 6499 or >= 3528 and <= 3589,
            17 or 18 => two is 62,
            _ => two is >= 40 and < 50 or 62 or 65 || four is >= 3528 and <= 3589 or 6011,
        };
    }

    private static bool IsLuhn(ReadOnlySpan<byte> digits)
    {
        int sum = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            int digit = digits[^(i + 1)];
            digit = i % 2 == 0 ? digit : digit * 2;
            sum += digit > 9 ? digit - 9 : digit;
        }

        return sum % 10 == 0;
    }
}
