namespace LlmProxy.Pipeline;

/// <summary>What one request asks of the gateway itself, by x-llm-* headers or the body's "llm" object.</summary>
internal sealed class Wishes
{
    public static readonly Wishes None = new();

    public string? Provider { get; set; }

    public string? Chain { get; set; }

    public bool? PreferLocal { get; set; }

    public bool? LocalOnly { get; set; }

    public bool? Fallback { get; set; }

    public int? TimeoutMs { get; set; }

    public CacheWish Cache { get; set; }

    public int? CacheTtlSeconds { get; set; }

    /// <summary>Calls of one session go to the same replica.</summary>
    public string? Session { get; set; }

    /// <summary>The end user, when the body's own "user" does not name one.</summary>
    public string? User { get; set; }

    public IReadOnlyList<string> Tags { get; set; } = [];

    /// <summary>Refuse instead of dropping a field that the vendor does not take.</summary>
    public bool? Strict { get; set; }

    /// <summary>The answer carries an "llm" object that says who answered, how long it took, what it cost.</summary>
    public bool? Metadata { get; set; }
}

internal enum CacheWish
{
    Unsaid,
    On,
    Off,
    Refresh,
}
