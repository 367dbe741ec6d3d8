using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>One address of an LLM, with the count of calls that are running on it now.</summary>
internal sealed class Replica(DestinationState state, string baseAddress)
{
    private int _running;

    public DestinationState State { get; } = state;

    /// <summary>Without a trailing slash.</summary>
    public string BaseAddress { get; } = baseAddress;

    public int Running => Volatile.Read(ref _running);

    public void Enter() => Interlocked.Increment(ref _running);

    public void Leave() => Interlocked.Decrement(ref _running);
}
