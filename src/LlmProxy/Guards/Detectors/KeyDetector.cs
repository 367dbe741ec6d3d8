using System.Buffers;

namespace LlmProxy.Guards.Detectors;

/// <summary>Credentials of well-known services, each by the mark that its maker puts in front.</summary>
internal sealed class KeyDetector() : Detector("api_keys", "API_KEY")
{
    /// <summary>The mark, and how many characters follow it at least.</summary>
    private static readonly (string Mark, int Least)[] Marks =
    [
        ("sk-", 20), ("sk_live_", 16), ("sk_test_", 16), ("rk_live_", 16), ("rk_test_", 16), ("whsec_", 20), ("AKIA", 16), ("ASIA", 16), ("AIza", 35), ("ya29.", 20), ("GOCSPX-", 20),
        ("ghp_", 36), ("gho_", 36), ("ghu_", 36), ("ghs_", 36), ("ghr_", 36), ("github_pat_", 22), ("glpat-", 20), ("xoxb-", 10), ("xoxp-", 10), ("xoxa-", 10), ("xoxs-", 10), ("xapp-", 10),
        ("hf_", 30), ("npm_", 36), ("pypi-", 20), ("SG.", 40), ("shpat_", 32), ("dop_v1_", 64), ("glsa_", 32), ("gsk_", 40), ("xai-", 40), ("r8_", 30), ("pplx-", 40), ("AccountKey=", 64),
    ];

    private static readonly SearchValues<string> AnyMark = SearchValues.Create([.. Marks.Select(mark => mark.Mark)], StringComparison.Ordinal);
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+/=");

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length;)
        {
            int next = text[at..].IndexOfAny(AnyMark);
            if (next < 0)
            {
                break;
            }

            start = at + next;
            at = start + 1;
            if (IsWordAt(text, start - 1) || (start > 0 && text[start - 1] is '_' or '-'))
            {
                continue;
            }

            if ((length = Length(text[start..], out int looked)) > 0)
            {
                return true;
            }

            at += looked;
        }

        return None(out start, out length);
    }

    /// <param name="text">From the mark on.</param>
    /// <param name="looked">How far no other mark can lead to a find either: long texts are looked through once.</param>
    private static int Length(ReadOnlySpan<char> text, out int looked)
    {
        looked = 0;
        foreach ((string mark, int least) in Marks)
        {
            if (!text.StartsWith(mark))
            {
                continue;
            }

            ReadOnlySpan<char> rest = text[mark.Length..];
            int count = rest.IndexOfAnyExcept(Letters);
            count = count < 0 ? rest.Length : count;
            while (count > 0 && rest[count - 1] is '.' or '-' or '/' or '+')
            {
                count--; // The end of a sentence.
            }

            // Words with hyphens have no digits: sk-learn-is-a-library-for-python.
            if (count >= least && rest[..count].IndexOfAnyInRange('0', '9') >= 0)
            {
                return mark.Length + count;
            }

            looked = count >= least ? count : 0; // There is no digit in all of it.
        }

        return 0;
    }
}
