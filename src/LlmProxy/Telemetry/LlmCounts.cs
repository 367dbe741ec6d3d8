namespace LlmProxy.Telemetry;

/// <summary>
/// What was counted of one LLM since the start, in plain numbers: the SDK would look every one of them up by its labels, which
/// is most of what a metric costs a call. They become series when somebody collects.
/// </summary>
internal sealed class LlmCounts(LlmTags labels)
{
    public LlmTags Labels { get; } = labels;

    /// <summary>Calls by HTTP status.</summary>
    public CountsByLabel<Count> Requests { get; } = new("status");

    /// <summary>Attempts by outcome.</summary>
    public CountsByLabel<Count> Attempts { get; } = new("outcome");

    /// <summary>US dollars by workspace.</summary>
    public CountsByLabel<Sum> Cost { get; } = new("workspace");

    public Count Prompt { get; } = new();

    public Count Completion { get; } = new();

    public Count Fresh { get; } = new();

    public Count Cached { get; } = new();

    public Count CacheWrite { get; } = new();

    public Count Reasoning { get; } = new();

    public Count CacheHits { get; } = new();
}
