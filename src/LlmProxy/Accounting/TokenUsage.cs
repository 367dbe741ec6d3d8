namespace LlmProxy.Accounting;

/// <summary>What one call used, in classes that do not overlap; reasoning alone is a part of output.</summary>
internal readonly record struct TokenUsage(long FreshInput, long CachedInput, long CacheWrite, long Output, long Reasoning)
{
    public long Input => FreshInput + CachedInput + CacheWrite;

    public long Total => Input + Output;
}
