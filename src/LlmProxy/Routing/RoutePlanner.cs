using System.Buffers;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>
/// Makes the list of LLMs to try for one call: what the name stands for, less what filters take away, in the strategy's
/// order. Reads the snapshot and what was measured; calls nobody.
/// </summary>
internal static class RoutePlanner
{
    /// <summary>For those who only want to know what a name leads to.</summary>
    public static RoutePlan PlanFor(GatewaySnapshot snapshot, Caller caller, EndpointKind endpoint, string? requestedModel, Wishes wishes) =>
        PlanFor(new RouteQuery(snapshot, caller, endpoint, requestedModel, wishes) { IsDryRun = true });

    public static RoutePlan PlanFor(in RouteQuery query)
    {
        if (query.Snapshot.Models.ByPriority.Count == 0)
        {
            return RoutePlan.Refuse(Refusals.NothingConfigured);
        }

        IReadOnlyList<string> demanded = [];
        if (!ReferenceEquals(query.Wishes, Wishes.None) && WishChecks.Check(query, out demanded) is { } contradiction)
        {
            return RoutePlan.Refuse(contradiction);
        }

        if (RouteChoice.Of(query, out GatewayError? unknown) is not { } choice)
        {
            return RoutePlan.Refuse(unknown!);
        }

        NameEntry entry = choice.Entry;
        bool hasNeeds = entry.Targets.Count > 1 || !entry.IsNamed || query.Wishes.BudgetRemaining is not null || query.Trace is not null;
        CallNeeds? needs = hasNeeds ? new CallNeeds(query, demanded) : null;
        query.Trace?.Begin(needs);
        bool nameIsAllowed = choice.OwnName is { } name && !query.Caller.AllowsEverything && (query.Caller.Allows(name) || (entry.Kind == NameKind.Chain && query.Caller.Allows(ModelDirectory.OtherChainName(name))));
        var filter = new TargetFilter(query, needs, nameIsAllowed);
        if (query.Endpoint.StaysOnModel && entry.Targets.Count > 1)
        {
            filter = filter with { OnlyModel = ModelFor(entry, filter) };
        }

        RoutePlan plan = Choose(query, choice, filter, needs);
        if (plan.Refusal is not null && needs is { MayTruncate: true })
        {
            // Nobody's window is large enough: then the prompt is cut for whoever else could answer.
            RoutePlan cut = Choose(query, choice, filter with { IgnoresContext = true }, needs);
            plan = cut.Refusal is null ? cut : plan;
        }

        query.Trace?.Ordered(plan.Targets);
        return plan;
    }

    private static RoutePlan Choose(in RouteQuery query, in RouteChoice choice, TargetFilter filter, CallNeeds? needs)
    {
        NameEntry entry = choice.Entry;
        IRouteStrategy? strategy = choice.Strategy ?? (entry.Parts is null ? entry.Strategy : null);
        bool isOrdered = entry.Parts is not null || strategy is not null;
        filter = filter with { KeepsResting = !isOrdered && entry.Kind != NameKind.Auto && query.Trace is null };
        if (!isOrdered && query.Trace is null && Untouched(entry, filter) is { } all)
        {
            IReadOnlyList<RouteTarget> whole = HouseRule.StayHome(all, entry.HomeBound);
            if (filter.IsAnyAwake(whole))
            {
                return Finish(query, whole);
            }
        }

        RouteTarget[] rented = ArrayPool<RouteTarget>.Shared.Rent(entry.Targets.Count);
        int kept = 0;
        try
        {
            if (Narrow(query, choice, filter, needs, rented, ref kept) is { } refusal)
            {
                return RoutePlan.Refuse(refusal);
            }

            IReadOnlyList<RouteTarget> ordered = isOrdered && kept > 1
                ? Order(query, entry, choice.Strategy, rented.AsSpan(0, kept), needs!)
                : rented.AsSpan(0, kept).ToArray();
            return Finish(query, ordered);
        }
        finally
        {
            ArrayPool<RouteTarget>.Shared.Return(rented, clearArray: true);
        }
    }

    /// <summary>The common case: nothing is taken away, the list made at load serves as it is. Of a long one only its head is looked at.</summary>
    private static IReadOnlyList<RouteTarget>? Untouched(NameEntry entry, in TargetFilter filter)
    {
        IReadOnlyList<RouteTarget> targets = entry.Targets;
        int most = entry.IsChoice ? Math.Min(targets.Count, RouteOrder.MostTargets) : targets.Count;
        for (int i = 0; i < most; i++)
        {
            if (filter.Check(targets[i], entry.IsNamed && i == 0) != Removal.None)
            {
                return null;
            }
        }

        return most == 0 ? null : most == targets.Count ? targets : new ArraySegment<RouteTarget>((RouteTarget[])targets, 0, most);
    }

    private static GatewayError? Narrow(in RouteQuery query, in RouteChoice choice, in TargetFilter filter, CallNeeds? needs, RouteTarget[] kept, ref int count)
    {
        NameEntry entry = choice.Entry;
        IReadOnlyList<RouteTarget> targets = entry.Targets;
        bool isBounded = entry.IsChoice && choice.Strategy is null && query.Trace is null;
        for (int i = 0; i < targets.Count && !(isBounded && count == RouteOrder.MostTargets); i++)
        {
            RouteTarget target = targets[i];
            Removal removal = filter.Check(target, IsNamed(entry, i, count));
            if (removal == Removal.None && i < entry.HomeBound && StandsBehindLocal(targets, i, filter))
            {
                removal = Removal.House;
            }

            if (removal == Removal.None)
            {
                kept[count++] = target;
                continue;
            }

            query.Trace?.Removed(target, removal, new Refusals(query, needs, filter.Rule).Sentence(removal, target));

            // A key must be allowed every target of a chain, and the LLM it names; a follower it may not use just falls away.
            // A named LLM that cannot serve the endpoint is the caller's mistake; its fallbacks are for failures.
            bool isAsked = entry.Kind == NameKind.Llm && i == 0;
            if ((removal == Removal.NotAllowed && (isAsked || entry.Kind == NameKind.Chain)) || (isAsked && removal is Removal.NoEndpoint or Removal.OutOfScope))
            {
                return new Refusals(query, needs, filter.Rule).Named(removal, target, entry.Kind == NameKind.Chain);
            }
        }

        bool isAnyAwake = filter.IsAnyAwake(new ArraySegment<RouteTarget>(kept, 0, count));
        return isAnyAwake ? null : NothingLeft(query, entry, filter with { KeepsResting = false }, needs);
    }

    private static GatewayError NothingLeft(in RouteQuery query, NameEntry entry, in TargetFilter filter, CallNeeds? needs)
    {
        var removed = new List<(RouteTarget, Removal)>(entry.Targets.Count);
        for (int i = 0; i < entry.Targets.Count; i++)
        {
            Removal removal = filter.Check(entry.Targets[i], IsNamed(entry, i, 0));
            removal = removal == Removal.None && i < entry.HomeBound && StandsBehindLocal(entry.Targets, i, filter) ? Removal.House : removal;
            if (removal != Removal.None)
            {
                removed.Add((entry.Targets[i], removal));
            }
        }

        return new Refusals(query, needs, filter.Rule).NothingLeft(removed, entry.Kind == NameKind.Chain);
    }

    /// <summary>What the caller named is not judged by what it can do: the first, or another that serves the same model in its place.</summary>
    private static bool IsNamed(NameEntry entry, int at, int kept) =>
        entry.IsNamed && (at == 0 || (kept == 0 && entry.Targets[at].Model.Equals(entry.Targets[0].Model, StringComparison.OrdinalIgnoreCase)));

    private static IReadOnlyList<RouteTarget> Order(in RouteQuery query, NameEntry entry, IRouteStrategy? wished, ReadOnlySpan<RouteTarget> kept, CallNeeds needs)
    {
        if (wished is null && entry.Parts is not null)
        {
            query.Trace?.MadeBy(entry.Strategy);
            return new NestedOrder(kept, needs, query.Trace).Arrange(entry);
        }

        IRouteStrategy strategy = wished ?? entry.Strategy!;
        bool keepsFirst = entry.Kind == NameKind.Llm && kept[0] == entry.Targets[0];
        RouteTarget[] ordered = keepsFirst
            ? [kept[0], .. RouteOrder.Arrange(strategy, kept[1..], needs)]
            : RouteOrder.Arrange(strategy, kept, needs);
        query.Trace?.Ranked(strategy, ordered, needs);
        bool mayProbe = strategy.IsLive && !keepsFirst && !query.IsDryRun && MayFollow(query) && !query.Endpoint.StaysOnModel;
        if (mayProbe && query.Snapshot.Models.Probes.IsDue(needs.Random) && RouteOrder.Probe(strategy, ordered, needs))
        {
            query.Trace?.Probes();
        }

        return ordered;
    }

    private static RoutePlan Finish(in RouteQuery query, IReadOnlyList<RouteTarget> targets) =>
        RoutePlan.To(targets.Count == 1 || MayFollow(query) ? targets : [targets[0]]);

    /// <summary>Whatever keeps the local one from answering now, the call was for it: what it cannot take today is no leave to go out.</summary>
    private static bool StandsBehindLocal(IReadOnlyList<RouteTarget> targets, int at, in TargetFilter filter)
    {
        for (int i = 0; i < at && targets[at] is { IsLocal: false, IsDummy: false }; i++)
        {
            if (targets[i].IsLocal && filter.CheckRules(targets[i]) == Removal.None)
            {
                return true;
            }
        }

        return false;
    }

    private static bool MayFollow(in RouteQuery query) => query.Wishes.Fallback ?? query.Snapshot.Options.Routing.Fallback ?? true;

    /// <summary>Vectors of two models do not compare: whoever is chosen or follows serves the model of the first that could ever answer.</summary>
    private static string? ModelFor(NameEntry entry, in TargetFilter filter)
    {
        foreach (RouteTarget target in entry.Targets)
        {
            if (target.Unavailable is null && filter.CheckRules(target) == Removal.None)
            {
                return target.Model;
            }
        }

        return null;
    }
}
