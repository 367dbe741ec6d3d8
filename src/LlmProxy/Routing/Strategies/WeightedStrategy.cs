namespace LlmProxy.Routing.Strategies;

/// <summary>
/// A drawn order in which each LLM comes first as often as its weight says; weight 0 comes last. Every one draws an
/// exponential time with its weight as the rate: the order of the times is a draw without putting back.
/// </summary>
internal sealed class WeightedStrategy : IRouteStrategy
{
    public string Name => "weighted";

    public bool MindsHeadroom => false;

    public bool IsDrawn => true;

    public double Rank(RouteTarget target, CallNeeds needs)
    {
        int weight = target.Deployment.Options.Weight;
        return weight == 0 ? double.MaxValue : -Math.Log(1 - needs.Random.NextDouble()) / weight;
    }

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs) => [("weight", target.Deployment.Options.Weight)];
}
