using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>Puts candidates in a strategy's order: the best few, in one pass and without sorting the rest.</summary>
internal static class RouteOrder
{
    /// <summary>No call lives long enough to fail at more LLMs than this.</summary>
    public const int MostTargets = 64;

    /// <summary>Below this share of what the vendor allows an LLM stands behind those that have more.</summary>
    private const double LittleHeadroom = 0.1;

    private static readonly TimeSpan ProbesAfter = TimeSpan.FromSeconds(5);

    public static RouteTarget[] Arrange(IRouteStrategy strategy, ReadOnlySpan<RouteTarget> candidates, CallNeeds needs)
    {
        if (strategy.IsLive)
        {
            needs.MeanTokenMs = MeanTokenMs(candidates, needs);
        }

        Span<Place> best = stackalloc Place[MostTargets];
        int count = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            var place = new Place(Group(strategy, candidates[i], needs), strategy.Rank(candidates[i], needs), i);
            if (count == MostTargets && !place.IsBefore(best[count - 1]))
            {
                continue;
            }

            int at = count < MostTargets ? count++ : count - 1;
            while (at > 0 && place.IsBefore(best[at - 1]))
            {
                best[at] = best[at - 1];
                at--;
            }

            best[at] = place;
        }

        var ordered = new RouteTarget[count];
        for (int i = 0; i < count; i++)
        {
            ordered[i] = candidates[best[i].Index];
        }

        return ordered;
    }

    /// <summary>
    /// Puts the one of which nobody has heard for longest first, so that what has healed is found out. Only among what
    /// may be asked anyway, and never one that the caller's preferences place behind.
    /// </summary>
    public static bool Probe(IRouteStrategy strategy, RouteTarget[] ordered, CallNeeds needs)
    {
        int picked = 0;
        TimeSpan longest = ProbesAfter;
        int group = Group(strategy, ordered[0], needs);
        for (int i = 1; i < ordered.Length; i++)
        {
            TimeSpan silence = ordered[i].State.Latency.Silence(needs.Now);
            if (silence > longest && Group(strategy, ordered[i], needs) <= group)
            {
                longest = silence;
                picked = i;
            }
        }

        RouteTarget probed = ordered[picked];
        Array.Copy(ordered, 0, ordered, 1, picked);
        ordered[0] = probed;
        return picked > 0;
    }

    /// <summary>What stands above any rank: whether it can be reached, what the caller prefers, whether it is about to refuse.</summary>
    private static int Group(IRouteStrategy strategy, RouteTarget target, CallNeeds needs)
    {
        Deployment llm = target.Deployment;
        int group = llm is { Cluster: not null, HasAvailableReplica: false } ? 4 : 0;
        group += needs.PrefersLocal && !target.IsLocal ? 2 : 0;
        return group + (strategy.MindsHeadroom && target.State.Headroom < LittleHeadroom ? 1 : 0);
    }

    private static double MeanTokenMs(ReadOnlySpan<RouteTarget> candidates, CallNeeds needs)
    {
        double sum = 0;
        int known = 0;
        foreach (RouteTarget candidate in candidates)
        {
            double pace = candidate.State.Latency.ExpectedTokenMs(needs.Now);
            sum += pace;
            known += pace > 0 ? 1 : 0;
        }

        return known == 0 ? 0 : sum / known;
    }

    private readonly record struct Place(int Group, double Rank, int Index)
    {
        /// <summary>Of equals the one that stood first stays first.</summary>
        public bool IsBefore(in Place other) => Group != other.Group ? Group < other.Group : Rank < other.Rank;
    }
}
