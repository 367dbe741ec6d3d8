namespace LlmProxy.Guards.Detectors;

/// <summary>E-mail addresses, found by their "@". Decorators, package versions and git's remotes are none.</summary>
internal sealed class EmailDetector() : Detector("emails", "EMAIL")
{
    private const int LongestLocalPart = 64;

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int search = from; search < text.Length;)
        {
            int at = text[search..].IndexOf('@');
            if (at < 0)
            {
                break;
            }

            at += search;
            search = at + 1;
            start = at;
            while (start > from && at - start < LongestLocalPart && IsLocal(text[start - 1]))
            {
                start--;
            }

            while (start < at && text[start] is '.' or '\'')
            {
                start++;
            }

            int end = EndOfDomain(text, at + 1);
            if (start < at && text[at - 1] != '.' && end > 0 && !text[start..at].SequenceEqual("git"))
            {
                length = end - start;
                return true;
            }
        }

        return None(out start, out length);
    }

    private static bool IsLocal(char letter) => char.IsLetterOrDigit(letter) || letter is '.' or '_' or '%' or '+' or '-' or '\'';

    /// <summary>Behind the last label of a domain that has a top one of letters; -1 where there is none.</summary>
    private static int EndOfDomain(ReadOnlySpan<char> text, int begin)
    {
        int at = begin;
        int end = -1;
        for (int labels = 0; ; labels++)
        {
            int label = at;
            while (at < text.Length && (char.IsLetterOrDigit(text[at]) || (text[at] == '-' && at > label)))
            {
                at++;
            }

            if (at == label || (labels == 0 && text[label..at] is [>= '0' and <= '9', 'x']))
            {
                return end; // The second: logo@2x.png.
            }

            if (labels > 0 && at - label >= 2 && IsLetters(text[label..at]))
            {
                end = at;
            }

            if (at >= text.Length || text[at] != '.')
            {
                return end;
            }

            at++;
        }
    }

    private static bool IsLetters(ReadOnlySpan<char> label)
    {
        foreach (char letter in label)
        {
            if (!char.IsLetter(letter))
            {
                return false;
            }
        }

        return true;
    }
}
