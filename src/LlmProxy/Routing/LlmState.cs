using System.Collections.Concurrent;
using LlmProxy.Configuration.Options;
using LlmProxy.Telemetry;

namespace LlmProxy.Routing;

/// <summary>What the gateway has learnt about one LLM while running; outlives changes of configuration.</summary>
internal sealed class LlmState(string provider, string name, TimeProvider time)
{
    private LlmOptions? _options;

    public Breaker Breaker { get; } = new(time);

    public LatencyMeter Latency { get; } = new(time);

    /// <summary>What its vendor says is left of its rate.</summary>
    public RateHeadroom Rate { get; } = new(time);

    /// <summary>0 to 1: how far it is from refusing calls for their rate; 1 while nothing is known.</summary>
    public double Headroom => Rate.Left;

    public LlmTags Tags { get; } = new(provider, name);

    /// <summary>It answered 400 to stream_options: it is not asked for usage in streams again.</summary>
    public bool RefusesStreamOptions { get; set; }

    /// <summary>It refused encoding_format: the gateway writes vectors in the wanted form itself.</summary>
    public bool RefusesEncodingFormat { get; set; }

    public ProbeResult? LastProbe { get; private set; }

    public CallFailure? LastFailure { get; private set; }

    public DateTimeOffset? LastSuccess { get; private set; }

    /// <summary>When it was first configured in this process.</summary>
    public DateTimeOffset KnownSince { get; } = time.GetUtcNow();

    /// <summary>Since when calls answer, or since when they fail; whichever the last one did.</summary>
    public DateTimeOffset Since { get; private set; } = time.GetUtcNow();

    /// <summary>The last call failed, for a reason that was not its caller's.</summary>
    public bool IsFailing { get; private set; }

    /// <summary>True when it is called at another address, by another model's name or with another credential than before: what was learnt of the old one is forgotten.</summary>
    public bool ConfiguredAs(LlmOptions options)
    {
        LlmOptions? before = Interlocked.Exchange(ref _options, options);
        if (before is null || IsSame(before, options))
        {
            return false;
        }

        Breaker.Reset();
        RefusesStreamOptions = RefusesEncodingFormat = IsFailing = false;
        (LastProbe, LastFailure, LastSuccess, Since) = (null, null, null, time.GetUtcNow());
        return true;
    }

    /// <summary>A look that began before it was configured as it is now says nothing about it.</summary>
    /// <param name="options">As it was configured when the look began.</param>
    /// <param name="result">What it showed.</param>
    public void Looked(LlmOptions options, ProbeResult result)
    {
        if (_options is { } now && IsSame(options, now))
        {
            LastProbe = result;
        }
    }

    public void Answered(DateTimeOffset now)
    {
        if (IsFailing || LastSuccess is null)
        {
            Since = now;
            IsFailing = false;
        }

        LastSuccess = now;
    }

    public void Failed(CallFailure failure)
    {
        if (!IsFailing)
        {
            Since = failure.At;
            IsFailing = true;
        }

        LastFailure = failure;
    }

    private static bool IsSame(LlmOptions before, LlmOptions now) =>
        before.Model == now.Model && before.BaseUrl == now.BaseUrl
        && before.Destinations.SequenceEqual(now.Destinations)
        && before.Auth.ApiKeys.SequenceEqual(now.Auth.ApiKeys)
        && IsSame(before.Auth.Values, now.Auth.Values) && IsSame(before.Headers, now.Headers);

    private static bool IsSame<T>(Dictionary<string, T> before, Dictionary<string, T> now) =>
        before.Count == now.Count && before.All(one => now.TryGetValue(one.Key, out T? other) && EqualityComparer<T>.Default.Equals(one.Value, other));
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
