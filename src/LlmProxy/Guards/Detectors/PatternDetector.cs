using System.Text.RegularExpressions;

namespace LlmProxy.Guards.Detectors;

/// <summary>What an operator's own pattern matches. The engine takes time linear in the text, whatever the pattern.</summary>
internal sealed class PatternDetector(string name, Regex pattern) : Detector(name, LabelOf(name))
{
    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        foreach (ValueMatch match in pattern.EnumerateMatches(text, from))
        {
            if (match.Length > 0)
            {
                start = match.Index;
                length = match.Length;
                return true;
            }
        }

        return None(out start, out length);
    }

    /// <summary>Compiles a pattern as it is used; null, with the reason, where it is none.</summary>
    public static Regex? Compile(string pattern, out string? problem)
    {
        problem = null;
        try
        {
            var regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            problem = regex.IsMatch("") ? "matches the empty text, which is everywhere" : null;
            return problem is null ? regex : null;
        }
        catch (ArgumentException e)
        {
            problem = $"is no regular expression: {e.Message}";
        }
        catch (NotSupportedException)
        {
            problem = "uses what the gateway's linear-time engine does not know: lookarounds, backreferences and atomic groups must go";
        }

        return null;
    }

    private static string LabelOf(string name) =>
        string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToUpperInvariant(letter) : '_'));
}
