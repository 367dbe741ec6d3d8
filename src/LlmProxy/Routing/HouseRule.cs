namespace LlmProxy.Routing;

/// <summary>The data boundary between attempts: nothing goes from a local LLM on to an external one unasked.</summary>
internal static class HouseRule
{
    /// <summary>Cuts the external LLMs that stand behind a local one.</summary>
    /// <param name="targets">In their order.</param>
    /// <param name="homeBound">Of so many of the first; those behind them may follow whom they like.</param>
    public static IReadOnlyList<RouteTarget> StayHome(IReadOnlyList<RouteTarget> targets, int homeBound)
    {
        if (homeBound == 0 || !LeavesHouse(targets))
        {
            return targets;
        }

        bool seenLocal = false;
        var kept = new List<RouteTarget>(targets.Count);
        for (int i = 0; i < targets.Count; i++)
        {
            RouteTarget target = targets[i];
            if (i >= homeBound || target.IsLocal || target.IsDummy || !seenLocal)
            {
                kept.Add(target);
            }

            seenLocal |= target.IsLocal;
        }

        return kept;
    }

    /// <summary>Of how many of these the rule may take something away: of none where nothing stands behind a local one anyway.</summary>
    public static int BoundOf(IReadOnlyList<RouteTarget> targets) => LeavesHouse(targets) ? targets.Count : 0;

    /// <summary>Whether a local LLM is followed by an external one.</summary>
    public static bool LeavesHouse(IReadOnlyList<RouteTarget> targets)
    {
        bool seenLocal = false;
        for (int i = 0; i < targets.Count; i++)
        {
            if (seenLocal && targets[i] is { IsLocal: false, IsDummy: false })
            {
                return true;
            }

            seenLocal |= targets[i].IsLocal;
        }

        return false;
    }

    /// <summary>
    /// Whether an external one must not be asked although it is planned: out of its turn (it was believed to be down) it would
    /// come behind a local one, which nothing in the plan's own order lets happen.
    /// </summary>
    /// <param name="targets">The plan's, in their order.</param>
    /// <param name="target">One of them, that is asked out of its turn.</param>
    /// <param name="wasHome">Whether a local one has been asked.</param>
    public static bool Forbids(IReadOnlyList<RouteTarget> targets, RouteTarget target, bool wasHome) =>
        wasHome && target is { IsLocal: false, IsDummy: false } && !LeavesHouse(targets);
}
