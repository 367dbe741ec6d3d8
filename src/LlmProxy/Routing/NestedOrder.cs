using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>The order of a chain some of whose members are chains that order themselves: each of them stands as one member, judged by its first.</summary>
internal sealed class NestedOrder
{
    private readonly HashSet<(Deployment, string)> _left = [];
    private readonly CallNeeds _needs;
    private readonly RouteTrace? _trace;

    public NestedOrder(ReadOnlySpan<RouteTarget> kept, CallNeeds needs, RouteTrace? trace)
    {
        foreach (RouteTarget target in kept)
        {
            _left.Add(target.Asked);
        }

        _needs = needs;
        _trace = trace;
    }

    public List<RouteTarget> Arrange(NameEntry chain)
    {
        var groups = new List<List<RouteTarget>>();
        if (chain.Parts is null)
        {
            RouteTarget[] own = [.. chain.Targets.Where(target => _left.Remove(target.Asked))];
            if (chain.Strategy is null || own.Length < 2)
            {
                return [.. own];
            }

            RouteTarget[] ordered = RouteOrder.Arrange(chain.Strategy, own, _needs);
            _trace?.Ranked(chain.Strategy, ordered, _needs);
            return [.. ordered];
        }

        foreach (NameEntry part in chain.Parts)
        {
            List<RouteTarget> members = Arrange(part);
            if (members.Count > 0)
            {
                groups.Add(members);
            }
        }

        if (chain.Strategy is not { } strategy)
        {
            return [.. groups.SelectMany(group => group)];
        }

        RouteTarget[] firsts = RouteOrder.Arrange(strategy, [.. groups.Select(group => group[0])], _needs);
        _trace?.Ranked(strategy, firsts, _needs);
        return [.. firsts.SelectMany(first => groups.Find(group => group[0] == first)!)];
    }
}
