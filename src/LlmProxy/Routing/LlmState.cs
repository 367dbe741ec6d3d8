using System.Collections.Concurrent;
using LlmProxy.Telemetry;

namespace LlmProxy.Routing;

/// <summary>What the gateway has learnt about one LLM while running; outlives changes of configuration.</summary>
internal sealed class LlmState(string provider, string name, TimeProvider time)
{
    public Breaker Breaker { get; } = new(time);

    public LatencyMeter Latency { get; } = new(time);

    /// <summary>The smaller share of requests or tokens that the vendor's rate headers leave until their reset, 0 to 1; 1 where it says nothing.</summary>
    public double Headroom { get; set; } = 1;

    public LlmTags Tags { get; } = new(provider, name);

    /// <summary>It answered 400 to stream_options: it is not asked for usage in streams again.</summary>
    public bool RefusesStreamOptions { get; set; }

    /// <summary>It refused encoding_format: the gateway writes vectors in the wanted form itself.</summary>
    public bool RefusesEncodingFormat { get; set; }

    public ProbeResult? LastProbe { get; set; }

    public CallFailure? LastFailure { get; set; }

    public DateTimeOffset? LastSuccess { get; set; }
}

/// <summary>What a token-free look at the LLM's address showed.</summary>
internal sealed record ProbeResult(bool IsAlive, string Detail, DateTimeOffset At, double ElapsedMs);

internal sealed record CallFailure(string Code, string Detail, DateTimeOffset At);

/// <summary>One state per LLM, by name and provider.</summary>
internal sealed class LlmStates(TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Provider, string Name), LlmState> _states = new();

    public LlmState For(string provider, string name) => _states.GetOrAdd((provider, name), static (key, time) => new LlmState(key.Provider, key.Name, time), time);

    /// <summary>Forgets the LLMs that no configuration names any more.</summary>
    public void KeepOnly(IReadOnlySet<(string, string)> named)
    {
        foreach ((string, string) key in _states.Keys)
        {
            if (!named.Contains(key))
            {
                _states.TryRemove(key, out _);
            }
        }
    }
}
