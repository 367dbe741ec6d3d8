namespace LlmProxy.Guards.Detectors;

/// <summary>American social security numbers in their groups, 3-2-4, without those that are never given out.</summary>
internal sealed class SsnDetector() : Detector("ssn", "SSN")
{
    private const int Size = 11;

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length;)
        {
            int dash = text[at..].IndexOf('-');
            if (dash < 0)
            {
                break;
            }

            at += dash + 1;
            start = at - 4;
            if (start >= from && start + Size <= text.Length && IsNumber(text.Slice(start, Size)) && IsAlone(text, start))
            {
                length = Size;
                return true;
            }
        }

        return None(out start, out length);
    }

    private static bool IsAlone(ReadOnlySpan<char> text, int start) =>
        !IsWordAt(text, start - 1) && !IsWordAt(text, start + Size)
        && !(start > 0 && text[start - 1] == '-') && !(start + Size < text.Length && text[start + Size] == '-');

    private static bool IsNumber(ReadOnlySpan<char> text)
    {
        if (text[3] != '-' || text[6] != '-')
        {
            return false;
        }

        for (int i = 0; i < Size; i++)
        {
            if (i is not (3 or 6) && !char.IsAsciiDigit(text[i]))
            {
                return false;
            }
        }

        return text[0] != '9' && !text[..3].SequenceEqual("000") && !text[..3].SequenceEqual("666") && !text.Slice(4, 2).SequenceEqual("00") && !text[7..].SequenceEqual("0000");
    }
}
