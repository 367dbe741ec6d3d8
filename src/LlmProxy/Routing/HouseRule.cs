namespace LlmProxy.Routing;

/// <summary>The data boundary between attempts: nothing goes from a local LLM on to an external one unasked.</summary>
internal static class HouseRule
{
    /// <summary>Cuts the external LLMs that stand behind a local one.</summary>
    public static IReadOnlyList<RouteTarget> StayHome(IReadOnlyList<RouteTarget> targets)
    {
        if (!LeavesHouse(targets))
        {
            return targets;
        }

        bool seenLocal = false;
        var kept = new List<RouteTarget>(targets.Count);
        foreach (RouteTarget target in targets)
        {
            if (target.IsLocal || !seenLocal)
            {
                kept.Add(target);
            }

            seenLocal |= target.IsLocal;
        }

        return kept;
    }

    /// <summary>Whether a local LLM is followed by an external one.</summary>
    public static bool LeavesHouse(IReadOnlyList<RouteTarget> targets)
    {
        bool seenLocal = false;
        for (int i = 0; i < targets.Count; i++)
        {
            if (seenLocal && !targets[i].IsLocal)
            {
                return true;
            }

            seenLocal |= targets[i].IsLocal;
        }

        return false;
    }
}
