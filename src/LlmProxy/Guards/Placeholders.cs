using System.Text;

namespace LlmProxy.Guards;

/// <summary>What one call had masked, and what stands for it. Never shared, never written anywhere.</summary>
internal sealed class Placeholders
{
    /// <summary>No placeholder is longer.</summary>
    public const int Longest = 56;

    private readonly Dictionary<string, string> _byValue = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Masked> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Something besides the caller's own placeholder-like text was masked.</summary>
    public bool HasValues { get; private set; }

    /// <summary>The same value always has the same placeholder.</summary>
    public string For(ReadOnlySpan<char> value, string label, bool isLiteral)
    {
        HasValues |= !isLiteral;
        if (_byValue.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(value, out string? known))
        {
            return known;
        }

        int number = _counts[label] = _counts.GetValueOrDefault(label) + 1;
        string name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"[{label}_{number}]");
        string text = value.ToString();
        _byValue.Add(text, name);
        _byName.Add(name, new Masked(text));
        return name;
    }

    /// <summary>The placeholder that these bytes begin with; null where they begin with none.</summary>
    public Masked? At(ReadOnlySpan<byte> text, out int length)
    {
        length = text[..Math.Min(text.Length, Longest)].IndexOf((byte)']') + 1;
        if (length == 0)
        {
            return null;
        }

        Span<char> name = stackalloc char[Longest];
        int chars = Encoding.Latin1.GetChars(text[..length], name);
        return _byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name[..chars], out Masked? masked) ? masked : null;
    }

    /// <summary>Whether a placeholder may go on behind these bytes, which end with it.</summary>
    public bool MayBegin(ReadOnlySpan<byte> end)
    {
        if (end.Length >= Longest)
        {
            return false;
        }

        Span<char> begin = stackalloc char[Longest];
        ReadOnlySpan<char> name = begin[..Encoding.Latin1.GetChars(end, begin)];
        foreach (string known in _byName.Keys)
        {
            if (known.Length > name.Length && known.AsSpan().StartsWith(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A value as it stands inside a JSON string, and inside a JSON string that is itself the text of one.</summary>
    internal sealed class Masked(string value)
    {
        private byte[]? _once;
        private byte[]? _twice;

        public ReadOnlySpan<byte> Escaped(bool isNested) =>
            isNested ? _twice ??= Escape(Encoding.UTF8.GetString(Escape(value))) : _once ??= Escape(value);

        private static byte[] Escape(string text) => EscapedPieces.Escape(text);
    }
}
