namespace LlmProxy.Caching.Semantic;

/// <summary>What a call asks, by its meaning.</summary>
/// <param name="Circle">Everything else about the call: only questions of one circle are compared.</param>
/// <param name="Vector">Of length one.</param>
internal sealed record Question(CacheKey Circle, float[] Vector);
