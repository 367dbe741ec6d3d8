using System.ComponentModel.DataAnnotations;

namespace LlmProxy.Configuration.Options;

internal sealed class LimitsOptions
{
    /// <summary>Calls per minute for the whole gateway; 0: no limit.</summary>
    [Range(0, int.MaxValue)] public int RequestsPerMinute { get; set; }

    [Range(0, int.MaxValue)] public int MaxParallel { get; set; }

    [Range(0, int.MaxValue)] public int MaxBodyBytes { get; set; } = 67_108_864;

    /// <summary>How long a client may take to send its body.</summary>
    [Range(0, 86_400)] public int BodySeconds { get; set; } = 30;

    /// <summary>All bodies and held answers together; 0: a quarter of the memory limit.</summary>
    [Range(0, long.MaxValue)] public long MaxBufferedBytes { get; set; }

    [Range(0, int.MaxValue)] public int MaxPromptChars { get; set; }

    [Range(0, int.MaxValue)] public int MaxMessages { get; set; }

    /// <summary>How long a call may wait for its turn instead of an instant 429.</summary>
    [Range(0, 86_400)] public int QueueSeconds { get; set; }

    [Range(1, int.MaxValue)] public int ExpectedOutputTokens { get; set; } = 1000;

    /// <summary>A stream without output gets a keep-alive this often.</summary>
    [Range(0, 86_400)] public int KeepAliveSeconds { get; set; } = 45;

    /// <summary>How long running calls may take to finish after SIGTERM.</summary>
    [Range(0, 86_400)] public int ShutdownSeconds { get; set; } = 60;

    public WhenStoreIsDown WhenStoreIsDown { get; set; } = WhenStoreIsDown.Local;

    public Unpriced Unpriced { get; set; } = Unpriced.Allow;
}

internal enum WhenStoreIsDown
{
    Local,
    Refuse,
}

internal enum Unpriced
{
    Allow,
    Refuse,
}

internal sealed class CacheOptions
{
    public bool Enabled { get; set; }

    [Range(0, int.MaxValue)] public int TtlSeconds { get; set; } = 3600;

    [Range(0, int.MaxValue)] public int MaxEntries { get; set; } = 1000;

    [Range(0, long.MaxValue)] public long MaxBytes { get; set; } = 268_435_456;

    /// <summary>Whose answers are kept: of all calls, or only of those whose temperature is 0.</summary>
    public CacheTemperature Temperature { get; set; } = CacheTemperature.Any;

    /// <summary>The pause between the events of a stream that comes from the cache; 0: they come at once.</summary>
    [Range(0, 60_000)] public int ReplayDelayMs { get; set; }

    public SemanticCacheOptions Semantic { get; set; } = new();
}

internal enum CacheTemperature
{
    Any,
    Zero,
}

internal sealed class SemanticCacheOptions
{
    public List<string> Workspaces { get; set; } = [];

    public string Llm { get; set; } = "embedder";

    [Range(0.0, 1.0)] public double Threshold { get; set; } = 0.95;

    /// <summary>How long a call waits for its prompt's vector before it goes its way without.</summary>
    [Range(1, 60_000)] public int TimeoutMs { get; set; } = 1000;
}
