namespace LlmProxy.Routing;

/// <summary>How a name came to stand for LLMs: it decides who may follow when the first fails.</summary>
internal enum NameKind
{
    Llm,
    Chain,
    VendorModel,
    Pinned,
    Wildcard,
    Default,
    Auto,
}

/// <summary>What a model name stands for: the LLMs in order, followers included.</summary>
internal sealed record NameEntry(NameKind Kind, IReadOnlyList<RouteTarget> Targets)
{
    /// <summary>Calls are spread over the targets by their weight; the others follow when one fails.</summary>
    public bool IsWeighted { get; init; }
}
