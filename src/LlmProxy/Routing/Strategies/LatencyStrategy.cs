namespace LlmProxy.Routing.Strategies;

/// <summary>The time this answer is expected to take by what was lately measured: to its first output, and for its tokens.</summary>
internal sealed class LatencyStrategy : IRouteStrategy
{
    public string Name => "latency_optimized";

    public bool IsLive => true;

    public double Rank(RouteTarget target, CallNeeds needs) => needs.ExpectedMs(target);

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs)
    {
        double first = needs.FirstOutputMs(target);
        yield return ("measured", target.State.Latency.IsMeasured ? 1 : 0);
        yield return ("first_output_ms", first);
        yield return ("tokens_ms", needs.ExpectedMs(target) - first);
    }
}
