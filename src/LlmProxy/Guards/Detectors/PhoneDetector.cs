namespace LlmProxy.Guards.Detectors;

/// <summary>Telephone numbers in the form +49 30 1234567, and American ones in groups. Bare runs of digits are too many other things.</summary>
internal sealed class PhoneDetector() : Detector("phone", "PHONE")
{
    private const int FewestDigits = 8;
    private const int MostDigits = 15;

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length; at++)
        {
            int next = text[at..].IndexOfAny(Begins);
            if (next < 0)
            {
                break;
            }

            at += next;
            length = text[at] == '+' ? International(text, at) : American(text, at);
            if (length > 0)
            {
                start = at;
                return true;
            }
        }

        return None(out start, out length);
    }

    private static readonly System.Buffers.SearchValues<char> Begins = System.Buffers.SearchValues.Create("+(0123456789");

    private static int International(ReadOnlySpan<char> text, int begin)
    {
        if (IsWordAt(text, begin - 1) || !(begin + 1 < text.Length && text[begin + 1] is >= '1' and <= '9'))
        {
            return 0;
        }

        int digits = 0;
        int end = begin + 1;
        for (int at = begin + 1; at < text.Length; at++)
        {
            if (char.IsAsciiDigit(text[at]))
            {
                digits++;
                end = at + 1;
            }
            else if (text[at] is not (' ' or '-' or '.' or '(' or ')' or '/') || at - end > 1)
            {
                break;
            }
        }

        return digits is >= FewestDigits and <= MostDigits && !IsWordAt(text, end) ? end - begin : 0;
    }

    /// <summary>(415) 555-2671, 415-555-2671, 415.555.2671: the first digits of the two groups are 2 to 9.</summary>
    private static int American(ReadOnlySpan<char> text, int begin)
    {
        if (begin > 0 && (IsWordAt(text, begin - 1) || (text[begin - 1] is '-' or '.' or '+' && IsDigitAt(text, begin - 2))))
        {
            return 0;
        }

        int at = begin;
        bool isBracketed = text[at] == '(';
        at += isBracketed ? 1 : 0;
        if (!TakeGroup(text, ref at, 3, firstFrom: '2') || (isBracketed && (at >= text.Length || text[at++] != ')')))
        {
            return 0;
        }

        char separator = at < text.Length ? text[at] : '\0';
        if (separator is '-' or '.' or ' ')
        {
            at++;
        }
        else if (!isBracketed)
        {
            return 0;
        }

        bool hasMiddle = TakeGroup(text, ref at, 3, firstFrom: '2') && at < text.Length && text[at] is '-' or '.' or ' ' && (isBracketed || text[at] == separator);
        if (!hasMiddle)
        {
            return 0;
        }

        at++;
        bool isWhole = TakeGroup(text, ref at, 4, firstFrom: '0') && !IsWordAt(text, at) && !(at + 1 < text.Length && text[at] is '-' or '.' && IsDigitAt(text, at + 1));
        return isWhole && (isBracketed || separator != ' ') ? at - begin : 0;
    }

    private static bool TakeGroup(ReadOnlySpan<char> text, ref int at, int digits, char firstFrom)
    {
        if (at + digits > text.Length || text[at] < firstFrom || text.Slice(at, digits).IndexOfAnyExceptInRange('0', '9') >= 0)
        {
            return false;
        }

        at += digits;
        return true;
    }
}
