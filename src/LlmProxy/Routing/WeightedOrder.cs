namespace LlmProxy.Routing;

/// <summary>A drawn order in which each LLM comes first as often as its weight says; weight 0 comes last.</summary>
internal static class WeightedOrder
{
    public static IReadOnlyList<RouteTarget> Draw(IReadOnlyList<RouteTarget> targets, Random random)
    {
        var left = new List<RouteTarget>(targets);
        var drawn = new List<RouteTarget>(left.Count);
        while (left.Count > 0)
        {
            int picked = Pick(left, random);
            drawn.Add(left[picked]);
            left.RemoveAt(picked);
        }

        return drawn;
    }

    private static int Pick(List<RouteTarget> targets, Random random)
    {
        long total = targets.Sum(t => (long)t.Deployment.Options.Weight);
        long point = total == 0 ? 0 : random.NextInt64(total);
        for (int i = 0; i < targets.Count; i++)
        {
            point -= targets[i].Deployment.Options.Weight;
            if (point < 0)
            {
                return i;
            }
        }

        return 0;
    }
}
