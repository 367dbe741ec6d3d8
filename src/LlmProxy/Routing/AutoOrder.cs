using System.Collections.Frozen;

namespace LlmProxy.Routing;

/// <summary>The orders in which LLMs are tried for calls that name none; made once per configuration.</summary>
internal sealed class AutoOrder
{
    private readonly FrozenDictionary<string, Pair> _ofWorkspaces;
    private readonly Pair _ofAll;
    private readonly Pair _byPriority;

    /// <param name="byPriority">All LLMs in ascending priority.</param>
    /// <param name="defaultOf">The default LLM of a workspace.</param>
    /// <param name="mayLeaveHouse">A local LLM may be followed by an external one without a strategy that says so.</param>
    public AutoOrder(IReadOnlyList<Deployment> byPriority, Func<string, Deployment?> defaultOf, bool mayLeaveHouse)
    {
        NameKind kind = mayLeaveHouse ? NameKind.Auto : NameKind.Default;
        // The dummy never joins a fallback: it answers when it is the default, or when nothing else is there.
        RouteTarget[] targets = [.. byPriority.Where(d => !d.IsWildcard).Select(d => new RouteTarget(d, d.Options.Model))];
        RouteTarget[] open = [.. targets.Where(t => !t.Deployment.IsDummy || t.Deployment.IsImplied)];
        Choices = [.. open.OrderBy(t => t.Deployment.Options.Priority).ThenBy(t => t.Deployment.Name, StringComparer.OrdinalIgnoreCase)];
        _byPriority = new Pair(NameKind.Auto, Choices);
        _ofAll = new Pair(kind, FromDefault(targets, open, defaultOf("")));
        _ofWorkspaces = byPriority
            .Where(d => d.Options.IsDefault)
            .Select(d => d.Options.Scope)
            .Where(scope => !scope.Equals("global", StringComparison.OrdinalIgnoreCase))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(scope => scope, scope => new Pair(kind, FromDefault(targets, open, defaultOf(scope))), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>What a strategy may choose from, by priority and then by name.</summary>
    public RouteTarget[] Choices { get; }

    /// <summary>The default LLM first, then by priority.</summary>
    public NameEntry For(string workspace, bool localFirst) =>
        (_ofWorkspaces.Count > 0 && _ofWorkspaces.TryGetValue(workspace, out Pair? own) ? own : _ofAll).Of(localFirst);

    /// <summary>By priority alone: here a local LLM may be followed by an external one, because a strategy was asked for.</summary>
    public NameEntry ByPriority(bool localFirst) => _byPriority.Of(localFirst);

    private static RouteTarget[] FromDefault(RouteTarget[] targets, RouteTarget[] open, Deployment? chosen)
    {
        RouteTarget? first = Array.Find(targets, t => t.Deployment == chosen);
        return first is null ? open : [first, .. open.Where(t => t != first)];
    }

    private sealed class Pair(NameKind kind, RouteTarget[] targets)
    {
        private readonly NameEntry _plain = Entry(kind, targets);
        private readonly NameEntry _localFirst = Entry(kind, [.. targets.OrderBy(t => t.IsLocal ? 0 : 1)]);

        public NameEntry Of(bool localFirst) => localFirst ? _localFirst : _plain;

        private static NameEntry Entry(NameKind kind, RouteTarget[] targets) =>
            new(kind, targets) { HomeBound = kind == NameKind.Default ? HouseRule.BoundOf(targets) : 0 };
    }
}
