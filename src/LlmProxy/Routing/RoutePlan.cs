using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>Who is asked, in which order; or why nobody can be.</summary>
internal readonly record struct RoutePlan(IReadOnlyList<RouteTarget> Targets, GatewayError? Refusal)
{
    public static RoutePlan To(IReadOnlyList<RouteTarget> targets) => new(targets, null);

    public static RoutePlan Refuse(GatewayError refusal) => new([], refusal);
}
