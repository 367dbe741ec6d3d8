namespace LlmProxy.Accounting;

/// <summary>What one call used, in classes that do not overlap; reasoning alone is a part of output.</summary>
internal readonly record struct TokenUsage(long FreshInput, long CachedInput, long CacheWrite, long Output, long Reasoning)
{
    public long Input => FreshInput + CachedInput + CacheWrite;

    public long Total => Input + Output;

    public TokenUsage Plus(TokenUsage other) => new(
        FreshInput + other.FreshInput, CachedInput + other.CachedInput, CacheWrite + other.CacheWrite, Output + other.Output, Reasoning + other.Reasoning);

    /// <summary>What was used beside what was known before.</summary>
    public TokenUsage Minus(TokenUsage other) => new(
        FreshInput - other.FreshInput, CachedInput - other.CachedInput, CacheWrite - other.CacheWrite, Output - other.Output, Reasoning - other.Reasoning);

    /// <summary>
    /// From a vendor's counts, where input includes what was cached and output includes reasoning. Counts that
    /// contradict each other never make a class negative.
    /// </summary>
    public static TokenUsage Within(long input, long cached, long cacheWrite, long output, long reasoning)
    {
        cached = Math.Min(cached, input);
        cacheWrite = Math.Min(cacheWrite, input - cached);
        return new TokenUsage(input - cached - cacheWrite, cached, cacheWrite, output, Math.Min(reasoning, output));
    }
}
