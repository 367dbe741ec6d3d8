namespace LlmProxy.Accounting.Repricing;

/// <summary>As much of a row as its price hangs on.</summary>
internal sealed class PricedCall
{
    public string Id { get; init; } = "";

    public DateTimeOffset StartedAt { get; init; }

    public string? Llm { get; init; }

    public string? Provider { get; init; }

    public string? RequestedModel { get; init; }

    public string Outcome { get; init; } = "";

    public string Attempts { get; init; } = "[]";

    public long InputTokens { get; init; }

    public long CachedTokens { get; init; }

    public long CacheWriteTokens { get; init; }

    public long OutputTokens { get; init; }

    public long ReasoningTokens { get; init; }

    public long? CostUnits { get; init; }

    public TokenUsage Usage => new(InputTokens, CachedTokens, CacheWriteTokens, OutputTokens, ReasoningTokens);
}
