namespace LlmProxy.Guards.Detectors;

/// <summary>Private keys in PEM's armour, PGP's too. One whose end is missing goes to the end of the text.</summary>
internal sealed class PrivateKeyDetector() : Detector("private_keys", "PRIVATE_KEY")
{
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length;)
        {
            int next = text[at..].IndexOf(Begin);
            if (next < 0)
            {
                break;
            }

            start = at + next;
            at = start + Begin.Length;
            int title = text[at..].IndexOf(Dashes);
            if (title is < 0 or > 48 || !text.Slice(at, title).Contains("PRIVATE KEY", StringComparison.Ordinal))
            {
                continue;
            }

            int end = text[at..].IndexOf(End);
            int close = end < 0 ? -1 : text[(at + end + End.Length)..].IndexOf(Dashes);
            length = close < 0 ? text.Length - start : at + end + End.Length + close + Dashes.Length - start;
            return true;
        }

        return None(out start, out length);
    }
}
