using System.ComponentModel.DataAnnotations;

namespace LlmProxy.Configuration.Options;

internal sealed class RoutingOptions
{
    /// <summary>The order in which LLMs are tried when a request names none; empty: the default LLM, then by priority.</summary>
    public string DefaultStrategy { get; set; } = "";

    /// <summary>Local LLMs stand before external ones wherever the gateway chooses.</summary>
    public bool PreferLocal { get; set; }

    /// <summary>LLMs slower than this to their first output are not chosen; 0: no bound.</summary>
    [Range(0, int.MaxValue)] public int MaxLatencyMs { get; set; }

    /// <summary>Whether a failed LLM is followed by others. Written out as true it also lets a local LLM be followed by an external one.</summary>
    public bool? Fallback { get; set; }

    /// <summary>Whether a request that an LLM's content policy refuses goes on to the next LLM.</summary>
    public bool FallbackOnRefusal { get; set; }

    /// <summary>How the replicas of one LLM are chosen.</summary>
    public ReplicaPolicy ReplicaPolicy { get; set; } = ReplicaPolicy.LeastRequests;

    /// <summary>The LLM that serves an endpoint when a request names none: { "embeddings": "embedder" }.</summary>
    public Dictionary<string, string> Defaults { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What a task needs of an LLM, beside the tasks that are built in: { "poetry": "multilingual" }.</summary>
    public Dictionary<string, string> Tasks { get; set; } = new(StringComparer.OrdinalIgnoreCase);
}

internal enum ReplicaPolicy
{
    LeastRequests,
    RoundRobin,
    PrefixAffinity,
    LeastLoad,
    Session,
}

internal sealed class ResilienceOptions
{
    /// <summary>How often one LLM is asked again after a failure that may pass, before the next one is.</summary>
    [Range(0, 20)] public int MaxRetries { get; set; } = 2;

    /// <summary>The first wait before a retry; each further one is about twice as long, spread at random.</summary>
    [Range(0, 600_000)] public int BaseDelayMs { get; set; } = 500;

    /// <summary>No wait is longer, nor a vendor's Retry-After while another LLM may follow; 0: no bound.</summary>
    [Range(0, 600_000)] public int MaxDelayMs { get; set; } = 10_000;

    /// <summary>An LLM (or one of its replicas) with this many failures, which are at least half of its calls of the last BreakerSeconds, is left alone for BreakerSeconds.</summary>
    [Range(1, 10_000)] public int BreakerFailures { get; set; } = 5;

    [Range(1, 86_400)] public int BreakerSeconds { get; set; } = 30;

    /// <summary>Bounds all attempts of one call together, until its first output.</summary>
    [Range(0, 86_400)] public int DeadlineSeconds { get; set; } = 600;

    [Range(0, 600)] public int ConnectSeconds { get; set; } = 5;
}
