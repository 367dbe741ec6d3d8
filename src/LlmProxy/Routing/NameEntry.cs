using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>How a name came to stand for LLMs: it decides who may follow when the first fails.</summary>
internal enum NameKind
{
    Llm,
    Chain,
    VendorModel,
    Pinned,
    Wildcard,

    /// <summary>The gateway's choice that stays in the house: nothing goes from a local LLM on to an external one.</summary>
    Default,

    /// <summary>The gateway's choice among all.</summary>
    Auto,
}

/// <summary>What a model name stands for: the LLMs in order, followers included.</summary>
internal sealed record NameEntry(NameKind Kind, IReadOnlyList<RouteTarget> Targets)
{
    /// <summary>How the targets are ordered for each call; null: as they stand.</summary>
    public IRouteStrategy? Strategy { get; init; }

    /// <summary>A chain's members, where one of them is a chain that orders its own.</summary>
    public IReadOnlyList<NameEntry>? Parts { get; init; }

    /// <summary>
    /// For how many of the first targets nobody has said that a call may go from a local one on to an external one. Which
    /// local ones count is known with the call: those that its caller may reach.
    /// </summary>
    public int HomeBound { get; init; }

    /// <summary>Those that follow one another where every local one counts.</summary>
    public IReadOnlyList<RouteTarget> WithinHouse => HouseRule.StayHome(Targets, HomeBound);

    /// <summary>One of the chains that are there without being configured.</summary>
    public bool IsPredefined { get; init; }

    /// <summary>The caller named what it wants: the first is asked whatever the gateway thinks it can do.</summary>
    public bool IsNamed => Kind is NameKind.Llm or NameKind.VendorModel or NameKind.Pinned or NameKind.Wildcard;

    /// <summary>The gateway chooses among everything there is.</summary>
    public bool IsChoice => Kind is NameKind.Auto or NameKind.Default;
}
