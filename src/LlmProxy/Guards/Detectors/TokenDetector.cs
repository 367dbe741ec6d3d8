using System.Buffers;

namespace LlmProxy.Guards.Detectors;

/// <summary>Tokens that open a session: JSON web tokens, and whatever stands behind "Bearer".</summary>
internal sealed class TokenDetector() : Detector("tokens", "TOKEN")
{
    private const int LeastBearer = 16;
    private const int LeastPart = 8;

    private static readonly SearchValues<string> Marks = SearchValues.Create(["eyJ", "bearer "], StringComparison.OrdinalIgnoreCase);
    private static readonly SearchValues<char> UrlLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    private static readonly SearchValues<char> BearerLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~+/=");

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length;)
        {
            int next = text[at..].IndexOfAny(Marks);
            if (next < 0)
            {
                break;
            }

            start = at + next;
            at = start + 1;
            if (IsWordAt(text, start - 1))
            {
                continue;
            }

            if (text[start..].StartsWith("eyJ"))
            {
                length = WebToken(text[start..], out int first);
                at = start + Math.Max(first, 1); // A mark inside the first part would have the same end.
            }
            else if (text[start] is 'b' or 'B')
            {
                start += "bearer ".Length;
                length = Bearer(text[start..]);
            }
            else
            {
                continue;
            }

            if (length > 0)
            {
                return true;
            }
        }

        return None(out start, out length);
    }

    /// <summary>Two parts or more with points between them; the signature of an unsigned one is empty.</summary>
    private static int WebToken(ReadOnlySpan<char> text, out int firstPart)
    {
        int at = 0;
        firstPart = 0;
        for (int parts = 0; ; parts++)
        {
            int end = text[at..].IndexOfAnyExcept(UrlLetters);
            end = end < 0 ? text.Length : at + end;
            firstPart = parts == 0 ? end : firstPart;
            if (end - at < LeastPart && parts < 2)
            {
                return 0;
            }

            if (parts == 4 || end >= text.Length || text[end] != '.' || (parts >= 2 && !(end + 1 < text.Length && UrlLetters.Contains(text[end + 1]))))
            {
                return parts >= 1 ? end : 0;
            }

            at = end + 1;
        }
    }

    private static int Bearer(ReadOnlySpan<char> text)
    {
        int count = text.IndexOfAnyExcept(BearerLetters);
        count = count < 0 ? text.Length : count;
        while (count > 0 && text[count - 1] == '.')
        {
            count--;
        }

        return count >= LeastBearer && text[..count].IndexOfAnyInRange('0', '9') >= 0 ? count : 0;
    }
}
