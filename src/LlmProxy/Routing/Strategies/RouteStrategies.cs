using System.Collections.Frozen;

namespace LlmProxy.Routing.Strategies;

/// <summary>All ways to order LLMs, by name.</summary>
internal static class RouteStrategies
{
    public static readonly IRouteStrategy Priority = new PriorityStrategy();

    private static readonly FrozenDictionary<string, IRouteStrategy> All = new IRouteStrategy[]
    {
        Priority, new BalancedStrategy(), new CostStrategy(), new LatencyStrategy(), new QualityStrategy(), new LocalFirstStrategy(), new CapabilityStrategy(), new WeightedStrategy(),
    }.ToFrozenDictionary(strategy => strategy.Name, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<string> Names => All.Keys.Order(StringComparer.Ordinal);

    /// <summary>Null for no name, and for one that nobody knows.</summary>
    public static IRouteStrategy? Find(string? name) => name is { Length: > 0 } && All.TryGetValue(name, out IRouteStrategy? found) ? found : null;
}
