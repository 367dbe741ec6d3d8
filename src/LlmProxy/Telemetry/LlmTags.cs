namespace LlmProxy.Telemetry;

/// <summary>One LLM's labels, made once when it is configured and handed in on each call, with the count of calls that run on it now.</summary>
internal sealed class LlmTags(string backend, string model)
{
    private int _running;

    /// <summary>The provider's name.</summary>
    public string Backend { get; } = backend;

    /// <summary>The LLM's configured name, never what a client wrote.</summary>
    public string Model { get; } = model;

    /// <summary>What the gateway's metrics count under these names; set by them when it is first counted.</summary>
    public LlmCounts? Counts { get; set; }

    public int Running => Volatile.Read(ref _running);

    internal KeyValuePair<string, object?> BackendTag { get; } = new("backend", backend);

    internal KeyValuePair<string, object?> ModelTag { get; } = new("model", model);

    public void Enter() => Interlocked.Increment(ref _running);

    public void Leave() => Interlocked.Decrement(ref _running);
}
