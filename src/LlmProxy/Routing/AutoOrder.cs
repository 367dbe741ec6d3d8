using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>The order in which LLMs are tried for calls that name none.</summary>
internal static class AutoOrder
{
    /// <summary>What may be asked for as auto:STRATEGY.</summary>
    public static readonly string[] Strategies = ["priority"];

    /// <summary>The default LLM first, then by priority; with a strategy configured, its order alone.</summary>
    public static NameEntry For(GatewaySnapshot snapshot, Caller caller, EndpointKind endpoint, Wishes wishes)
    {
        if (snapshot.Options.Routing.DefaultStrategy.Length > 0)
        {
            return ByPriority(snapshot, wishes);
        }

        Deployment? first = snapshot.Models.DefaultLlm(caller.Workspace);
        return Ordered(snapshot, wishes, first is not null && first.Has(endpoint) ? first : null, mayLeaveHouse: snapshot.Options.Routing.Fallback == true);
    }

    /// <summary>A strategy's order: here a local LLM may be followed by an external one, because a strategy was asked for.</summary>
    public static NameEntry ByPriority(GatewaySnapshot snapshot, Wishes wishes) => Ordered(snapshot, wishes, first: null, mayLeaveHouse: true);

    private static NameEntry Ordered(GatewaySnapshot snapshot, Wishes wishes, Deployment? first, bool mayLeaveHouse)
    {
        var targets = new List<RouteTarget>();
        if (first is { IsWildcard: false })
        {
            targets.Add(new RouteTarget(first, first.Options.Model));
        }

        foreach (Deployment deployment in snapshot.Models.ByPriority)
        {
            // The dummy never joins a fallback: it answers when it is the default, or when nothing else is there.
            if (deployment == first || deployment.IsWildcard || (deployment.IsDummy && !deployment.IsImplied))
            {
                continue;
            }

            targets.Add(new RouteTarget(deployment, deployment.Options.Model));
        }

        if (wishes.PreferLocal ?? snapshot.Options.Routing.PreferLocal)
        {
            targets = [.. targets.OrderBy(t => t.Deployment.IsLocal ? 0 : 1)];
        }

        return new NameEntry(mayLeaveHouse ? NameKind.Auto : NameKind.Default, targets);
    }
}
