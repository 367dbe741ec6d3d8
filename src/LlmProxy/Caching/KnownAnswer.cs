using LlmProxy.Routing;

namespace LlmProxy.Caching;

/// <summary>An answer that needs no LLM, in the form that the call asks for.</summary>
/// <param name="Body">What is sent.</param>
/// <param name="Kept">What it was made of.</param>
/// <param name="Age">How long it has been known.</param>
/// <param name="Target">The LLM that is named as its author.</param>
internal sealed record KnownAnswer(ReadOnlyMemory<byte> Body, CachedAnswer Kept, TimeSpan Age, RouteTarget Target)
{
    /// <summary>How near the question it was given to is, where that was not the same; null: it was.</summary>
    public double? Score { get; init; }
}
