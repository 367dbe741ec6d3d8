using System.Text;

namespace LlmProxy.Providers.Dummy;

/// <summary>What the dummy says, and how long it is.</summary>
internal static class DummyText
{
    private const int LongestEcho = 1000;
    private const int LongestPiece = 16;

    private const string Greeting =
        "This is the dummy that is built into LlmProxy. No LLM is configured for this call, so no model was asked and nothing left this machine. " +
        "To get real answers, set OPENAI_API_KEY=... (or another vendor's key) for a hosted model, OLLAMA_URL=http://localhost:11434 for a local one, " +
        "or add an entry under LlmProxy:Llms in appsettings.json, and start the gateway again.";

    /// <summary>About what a real tokenizer counts.</summary>
    public static int Tokens(string text) => Tokens(Encoding.UTF8.GetByteCount(text));

    public static int Tokens(int bytes) => (bytes + 3) / 4;

    public static string Compose(string asked, string? toolResult, int words)
    {
        string text = Greeting;
        if (!string.IsNullOrWhiteSpace(toolResult))
        {
            text += $" The tool answered: {Shorten(toolResult)}";
        }

        if (!string.IsNullOrWhiteSpace(asked))
        {
            text += $" You said: {Shorten(asked)}";
        }

        return words > 0 ? OfLength(text, words) : text;
    }

    /// <summary>The text up to the first stop sequence, or up to the token limit; whether the limit cut it.</summary>
    public static (string Text, bool IsCut) Fit(string text, IReadOnlyList<string> stops, int? maxTokens)
    {
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            text = at < 0 ? text : text[..at];
        }

        if (maxTokens is not { } limit || Tokens(text) <= limit)
        {
            return (text, false);
        }

        int bytes = 0;
        int end = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > limit * 4L)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
        }

        return (text[..end], true);
    }

    /// <summary>The text word by word, each with the blanks before it; long words in parts, never inside a character.</summary>
    public static IEnumerable<string> Pieces(string text)
    {
        int start = 0;
        while (start < text.Length)
        {
            int end = start;
            while (end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            int wordStart = end;
            while (end < text.Length && !char.IsWhiteSpace(text[end]) && end - wordStart < LongestPiece)
            {
                end += char.IsHighSurrogate(text[end]) && end + 1 < text.Length ? 2 : 1;
            }

            yield return text[start..end];
            start = end;
        }
    }

    private static string Shorten(string text)
    {
        if (text.Length <= LongestEcho)
        {
            return text;
        }

        int end = char.IsHighSurrogate(text[LongestEcho - 1]) ? LongestEcho - 1 : LongestEcho;
        return text[..end] + " …";
    }

    private static string OfLength(string text, int words)
    {
        string[] all = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var result = new StringBuilder();
        for (int i = 0; i < words; i++)
        {
            result.Append(i == 0 ? "" : " ").Append(all[i % all.Length]);
        }

        return result.ToString();
    }
}
