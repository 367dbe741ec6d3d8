namespace LlmProxy.Routing.Strategies;

/// <summary>Local LLMs by priority, then external ones by priority.</summary>
internal sealed class LocalFirstStrategy : IRouteStrategy
{
    public string Name => "local_first";

    public double Rank(RouteTarget target, CallNeeds needs) =>
        target.Deployment.Options.Priority + (target.IsLocal ? 0 : 1e10);

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs) =>
        [("local", target.IsLocal ? 1 : 0), ("priority", target.Deployment.Options.Priority)];
}
