namespace LlmProxy.Guards.Detectors;

/// <summary>Finds one kind of secret or personal data in a text. Stateless, and quick to see that there is none.</summary>
internal abstract class Detector(string name, string label)
{
    /// <summary>What the configuration calls it.</summary>
    public string Name { get; } = name;

    /// <summary>What a placeholder calls what was found: [EMAIL_1].</summary>
    public string Label { get; } = label;

    /// <summary>The first find that begins at <paramref name="from"/> or later.</summary>
    public abstract bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length);

    protected static bool IsWordAt(ReadOnlySpan<char> text, int at) => (uint)at < (uint)text.Length && char.IsLetterOrDigit(text[at]);

    protected static bool IsDigitAt(ReadOnlySpan<char> text, int at) => (uint)at < (uint)text.Length && char.IsAsciiDigit(text[at]);

    protected static bool None(out int start, out int length)
    {
        start = length = 0;
        return false;
    }
}
