namespace LlmProxy.Pipeline;

/// <summary>What one request asks of the gateway itself, by x-llm-* headers or the body's "llm" object.</summary>
internal sealed class Wishes
{
    public static readonly Wishes None = new();

    public string? Provider { get; set; }

    public string? Chain { get; set; }

    /// <summary>A strategy's name, as it is registered.</summary>
    public string? Strategy { get; set; }

    /// <summary>What the LLM must be able to do; several by commas.</summary>
    public IReadOnlyList<string> Capabilities { get; set; } = [];

    /// <summary>What the call is for; stands for a capability.</summary>
    public string? Task { get; set; }

    /// <summary>USD that the caller has left: LLMs at which this call would cost more are not asked.</summary>
    public decimal? BudgetRemaining { get; set; }

    /// <summary>LLMs slower than this are not asked.</summary>
    public int? MaxLatencyMs { get; set; }

    /// <summary>How often one LLM is asked again after a failure that may pass.</summary>
    public int? Retries { get; set; }

    /// <summary>Oldest turns are left out where the conversation is longer than the LLM's context.</summary>
    public bool? Truncate { get; set; }

    /// <summary>A plain-text stream that breaks after output is gone on with by another LLM.</summary>
    public bool? Continue { get; set; }

    /// <summary>The answer's "llm" object tells how the LLM was chosen.</summary>
    public bool? Explain { get; set; }

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

    /// <summary>The call's turn in the queue, higher is later; it cannot get before what its key has.</summary>
    public int? Priority { get; set; }

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
