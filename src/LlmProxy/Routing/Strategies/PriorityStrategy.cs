namespace LlmProxy.Routing.Strategies;

/// <summary>Ascending priority, then by name.</summary>
internal sealed class PriorityStrategy : IRouteStrategy
{
    public string Name => "priority";

    public bool MindsHeadroom => false;

    public double Rank(RouteTarget target, CallNeeds needs) => target.Deployment.Options.Priority;

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs) => [];
}
