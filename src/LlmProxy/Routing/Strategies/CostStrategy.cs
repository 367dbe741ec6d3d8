namespace LlmProxy.Routing.Strategies;

/// <summary>What this very call is expected to cost, the least first; those whose price nobody knows come last.</summary>
internal sealed class CostStrategy : IRouteStrategy
{
    public string Name => "cost_optimized";

    public double Rank(RouteTarget target, CallNeeds needs)
    {
        double cost = needs.ExpectedCost(target);
        return double.IsNaN(cost) ? double.MaxValue : cost;
    }

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs)
    {
        yield return ("prompt_tokens", needs.PromptTokens);
        yield return ("output_tokens", needs.ExpectedOutput(target));
        yield return ("cost_usd", needs.ExpectedCost(target));
    }
}
