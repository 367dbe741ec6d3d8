using System.Collections.Frozen;

namespace LlmProxy.Guards.Detectors;

/// <summary>
/// Text that looks like one of our placeholders and is the caller's own. It gets a placeholder too: else the answer would
/// have a value put in where the caller had written "[EMAIL_1]".
/// </summary>
internal sealed class LiteralDetector(IEnumerable<string> labels) : Detector("", "LITERAL")
{
    private readonly FrozenSet<string> _labels = labels.Append("LITERAL").ToFrozenSet(StringComparer.Ordinal);

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length;)
        {
            int next = text[at..].IndexOf('[');
            if (next < 0)
            {
                break;
            }

            start = at + next;
            at = start + 1;
            int end = at;
            while (end < text.Length && end - start < Placeholders.Longest && (char.IsAsciiLetterUpper(text[end]) || char.IsAsciiDigit(text[end]) || text[end] == '_'))
            {
                end++;
            }

            int line = end < text.Length && text[end] == ']' ? text[at..end].LastIndexOf('_') : -1;
            if (line > 0 && line < end - at - 1 && _labels.GetAlternateLookup<ReadOnlySpan<char>>().Contains(text.Slice(at, line)))
            {
                length = end + 1 - start;
                return true;
            }
        }

        return None(out start, out length);
    }
}
