using LlmProxy.Routing;

namespace LlmProxy.Caching;

/// <summary>An answer that the cache holds for a call.</summary>
/// <param name="Answer">What is sent.</param>
/// <param name="Age">How long it has been kept.</param>
/// <param name="Target">The LLM that is named as its author.</param>
internal sealed record KnownAnswer(CachedAnswer Answer, TimeSpan Age, RouteTarget Target);
