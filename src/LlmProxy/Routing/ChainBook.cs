using LlmProxy.Pipeline;
using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>Builds chains: out of their members, and the five that are there wherever an LLM could be in them.</summary>
internal static class ChainBook
{
    /// <summary>The names that stand for a chain without being configured, and what each orders and takes in.</summary>
    private static readonly (string Name, string Strategy, Func<RouteTarget, bool> Takes, string Wanted)[] Predefined =
    [
        ("high_quality", "quality_optimized", static _ => true, "no LLM"),
        ("cost_optimized", "cost_optimized", static _ => true, "no LLM"),
        ("fast_latency", "latency_optimized", static _ => true, "no LLM"),
        ("local_only", "priority", static target => target.IsLocal, "no local LLM"),
        ("code_generation", "quality_optimized", static target => (target.CapabilityBits & Capabilities.Bit(Capabilities.Code)) != 0, "no LLM that lists the capability \"code\""),
    ];

    public static IReadOnlyList<string> PredefinedNames { get; } = [.. Predefined.Select(chain => chain.Name)];

    /// <summary>One chain of all these, in order; parts that order themselves keep doing so.</summary>
    public static NameEntry Join(IReadOnlyList<NameEntry> parts, IRouteStrategy? strategy)
    {
        bool isFlat = parts.All(part => part.Strategy is null && part.Parts is null);
        var seen = new HashSet<(Deployment, string)>();
        RouteTarget[] targets = [.. parts.SelectMany(part => part.WithinHouse).Where(target => seen.Add(target.Asked))];
        return new NameEntry(NameKind.Chain, targets) { Strategy = strategy, Parts = isFlat ? null : parts };
    }

    /// <summary>The predefined chains that have a member.</summary>
    /// <param name="choices">The LLMs a gateway may choose from, by priority and name.</param>
    public static IEnumerable<(string Name, NameEntry Chain)> FromWhatThereIs(IReadOnlyList<RouteTarget> choices)
    {
        foreach ((string name, string strategy, Func<RouteTarget, bool> takes, _) in Predefined)
        {
            RouteTarget[] members = [.. choices.Where(target => target.Deployment is { IsDummy: false } llm && llm.Has(Endpoints.EndpointKind.Chat) && takes(target))];
            if (members.Length > 0)
            {
                yield return (name, new NameEntry(NameKind.Chain, members) { Strategy = RouteStrategies.Find(strategy), IsPredefined = true });
            }
        }
    }

    /// <summary>The refusal of a predefined chain that nothing here could be in; null for any other name.</summary>
    public static GatewayError? WhyEmpty(string name)
    {
        string chain = name.StartsWith("chain:", StringComparison.OrdinalIgnoreCase) ? name["chain:".Length..] : name;
        int at = Array.FindIndex(Predefined, known => known.Name.Equals(chain, StringComparison.OrdinalIgnoreCase));
        return at < 0
            ? null
            : new GatewayError(ErrorCode.ModelNotFound, $"The chain \"{Predefined[at].Name}\" is empty: {Predefined[at].Wanted} is configured here.") { Param = "model" };
    }
}
