using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace LlmProxy.Configuration.Options;

/// <summary>One configured deployment: a provider, the vendor's model name, credentials and settings.</summary>
internal sealed class LlmOptions
{
    [Required] public string Name { get; set; } = "";

    [Required] public string Provider { get; set; } = "";

    /// <summary>The vendor's name for the model; "*" serves any model of the vendor under the asked name.</summary>
    [Required] public string Model { get; set; } = "";

    public bool Enabled { get; set; } = true;

    /// <summary>Lower is tried first.</summary>
    public int Priority { get; set; } = 100;

    public bool IsDefault { get; set; }

    /// <summary>"global", or the workspace that alone sees it.</summary>
    public string Scope { get; set; } = "global";

    public string BaseUrl { get; set; } = "";

    /// <summary>Replicas; when empty, BaseUrl is the only one.</summary>
    public List<string> Destinations { get; set; } = [];

    /// <summary>Credentials and their companions by name, references to variables and files already replaced.</summary>
    public AuthSettings Auth { get; set; } = new();

    public Dictionary<string, string> Headers { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Request fields used when the client leaves them out.</summary>
    public JsonObject Config { get; set; } = [];

    public List<string> Capabilities { get; set; } = [];

    /// <summary>What it can be asked (chat, embeddings, ...); empty: all that its provider has.</summary>
    public List<string> Endpoints { get; set; } = [];

    [Range(0, 100)] public int Quality { get; set; }

    [Range(0, int.MaxValue)] public int TypicalLatencyMs { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? InputPricePerMillion { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? OutputPricePerMillion { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? CachedInputPricePerMillion { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? CacheWritePricePerMillion { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? PricePerImage { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? PricePerMinute { get; set; }

    [Range(typeof(decimal), "0", "1000000")] public decimal? PricePerMillionCharacters { get; set; }

    [Range(0, int.MaxValue)] public int ContextWindow { get; set; }

    [Range(0, int.MaxValue)] public int MaxOutputTokens { get; set; }

    /// <summary>Whether requests stay in the house; unset: the provider decides.</summary>
    public bool? Local { get; set; }

    [Range(0, 1_000_000)] public int Weight { get; set; } = 1;

    public List<string> Fallbacks { get; set; } = [];

    [Range(0, 86_400)] public int TimeoutSeconds { get; set; } = 300;

    [Range(0, 86_400)] public int FirstTokenTimeoutSeconds { get; set; } = 120;

    [Range(0, 86_400)] public int IdleTimeoutSeconds { get; set; } = 120;

    [Range(0, int.MaxValue)] public int MaxParallel { get; set; }

    [Range(0, int.MaxValue)] public int RequestsPerMinute { get; set; }

    [Range(0, long.MaxValue)] public long TokensPerMinute { get; set; }

    [Range(0, int.MaxValue)] public int HedgeAfterMs { get; set; }

    public OnClientGone OnClientGone { get; set; } = OnClientGone.Abort;

    /// <summary>Where it was written. Not public: no setting of its own.</summary>
    internal LlmSource Source { get; set; }
}

internal enum LlmSource
{
    /// <summary>Nobody wrote it: it is there because nothing else is.</summary>
    Builtin,
    File,
    Environment,
    CommandLine,
    Database,
}

internal enum OnClientGone
{
    Abort,
    Drain,
}

/// <summary>An ordered group of LLMs; in a file also written as a bare list of names.</summary>
internal sealed class ChainOptions
{
    [Required, MinLength(1)] public List<string> Llms { get; set; } = [];

    /// <summary>How its members are ordered; empty: as they are written.</summary>
    public string Strategy { get; set; } = "";
}
