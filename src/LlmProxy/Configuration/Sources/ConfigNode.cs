namespace LlmProxy.Configuration.Sources;

/// <summary>A piece of configuration as it was written, before anybody knows what it means.</summary>
internal abstract class ConfigNode(Origin origin)
{
    public Origin Origin { get; } = origin;
}

/// <summary>Named members in the order they were written; names do not regard case unless the vendor's own fields stand in it.</summary>
internal sealed class ConfigObject(Origin origin, bool isVerbatim = false) : ConfigNode(origin)
{
    public OrderedDictionary<string, ConfigNode> Members { get; } = new(isVerbatim ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);

    public ConfigNode? Find(string name) => Members.GetValueOrDefault(name);

    /// <summary>The member's plain text, references not followed; null when it is missing or no text.</summary>
    public string? Text(string name) => Find(name) is ConfigText text ? text.Value : null;

    /// <summary>Where to send the operator for this member: its own place, or the object's when it is missing.</summary>
    public Origin OriginOf(string name) => Find(name)?.Origin ?? Origin.Member(name);
}

internal sealed class ConfigList(Origin origin) : ConfigNode(origin)
{
    public List<ConfigNode> Items { get; } = [];
}

internal sealed class ConfigNull(Origin origin) : ConfigNode(origin);

internal enum TextKind
{
    /// <summary>From a variable, the command line or a reference: it may mean a text, a number, a list or JSON.</summary>
    Untyped,
    String,
    Number,
    Bool,
}

/// <summary>A single value in its written form.</summary>
internal sealed class ConfigText(Origin origin, string value, TextKind kind) : ConfigNode(origin)
{
    public string Value { get; } = value;

    public TextKind Kind { get; } = kind;

    /// <summary>It came by a reference or holds a credential: no message may show it.</summary>
    public bool IsHidden { get; init; }

    /// <summary>How messages name the value.</summary>
    public string Shown => IsHidden || Value.Length > 60 || Value.AsSpan().ContainsAnyInRange('\0', '\x1f') ? "its value" : $"\"{Value}\"";
}
