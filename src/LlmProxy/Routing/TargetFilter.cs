using LlmProxy.Access;
using LlmProxy.Endpoints;

namespace LlmProxy.Routing;

/// <summary>Says for each LLM whether this call may reach it, and what stands in the way.</summary>
internal readonly struct TargetFilter
{
    /// <summary>Measurements older than this say nothing about how slow an LLM is now.</summary>
    private static readonly TimeSpan MeasuredLately = TimeSpan.FromMinutes(1);

    private readonly Caller _caller;
    private readonly EndpointKind _endpoint;
    private readonly string? _provider;
    private readonly bool _isLocalOnly;
    private readonly bool _allowsAll;
    private readonly BreakerRule _rule;
    private readonly CallNeeds? _needs;

    public TargetFilter(in RouteQuery query, CallNeeds? needs, bool nameIsAllowed)
    {
        _caller = query.Caller;
        _endpoint = query.Endpoint;
        _provider = query.Wishes.Provider;
        _isLocalOnly = query.Wishes.LocalOnly == true || !_caller.Key.AllowExternal;
        _allowsAll = _caller.AllowsEverything || nameIsAllowed;
        _rule = BreakerRule.Of(query.Snapshot.Options.Resilience);
        _needs = needs;
    }

    public BreakerRule Rule => _rule;

    /// <summary>The one vendor model that may answer, where vectors of different models must not be mixed.</summary>
    public string? OnlyModel { get; init; }

    /// <summary>A prompt that is longer than the window is no reason: it will be cut.</summary>
    public bool IgnoresContext { get; init; }

    /// <summary>One that rests after failures keeps its place: whoever tries the LLMs in turn passes it over and says so.</summary>
    public bool KeepsResting { get; init; }

    /// <param name="isNamed">The caller named it: what it can do is the caller's affair.</param>
    public Removal Check(RouteTarget target, bool isNamed)
    {
        Removal removal = CheckRules(target);
        if (removal == Removal.None && _needs is not null)
        {
            removal = CheckNeeds(target, isNamed);
        }

        if (removal != Removal.None)
        {
            return removal;
        }

        return target.Unavailable is not null ? Removal.Unavailable
            : KeepsResting || target.State.Breaker.MayTry(_rule) ? Removal.None
            : Removal.Breaker;
    }

    /// <summary>Whether one of them may be asked now: where all rest, nobody is.</summary>
    public bool IsAnyAwake(IReadOnlyList<RouteTarget> targets)
    {
        for (int i = 0; i < targets.Count; i++)
        {
            if (targets[i].State.Breaker.MayTry(_rule))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What holds for every call of this caller to this endpoint with these wishes, whatever happens.</summary>
    public Removal CheckRules(RouteTarget target)
    {
        if (!target.IsGlobal && !target.Deployment.IsVisibleTo(_caller.Workspace))
        {
            return Removal.OutOfScope;
        }

        if (!_allowsAll && !IsAllowed(target))
        {
            return Removal.NotAllowed;
        }

        if (_provider is not null && !target.Deployment.ProviderName.Equals(_provider, StringComparison.OrdinalIgnoreCase))
        {
            return Removal.OtherProvider;
        }

        if (OnlyModel is not null && !target.Model.Equals(OnlyModel, StringComparison.OrdinalIgnoreCase))
        {
            return Removal.OtherModel;
        }

        if (!target.Has(_endpoint))
        {
            return Removal.NoEndpoint;
        }

        return _isLocalOnly && !target.IsLocal && !target.IsDummy ? Removal.External : Removal.None;
    }

    private bool IsAllowed(RouteTarget target) =>
        _caller.Allows(target.Deployment.Name)
        || _caller.Allows($"{target.Deployment.ProviderName}/{target.Model}")
        || (target.Deployment.IsWildcard && _caller.Allows(target.Model));

    private Removal CheckNeeds(RouteTarget target, bool isNamed)
    {
        CallNeeds needs = _needs!;
        Removal removal = isNamed ? Removal.None : CheckAbilities(target, needs);
        if (removal != Removal.None)
        {
            return removal;
        }

        // Written so that an unknown price, which is no number, is not within the budget.
        return needs.BudgetUsd is { } budget && !(needs.ExpectedCost(target) <= (double)budget) ? Removal.Budget : Removal.None;
    }

    private Removal CheckAbilities(RouteTarget target, CallNeeds needs)
    {
        if ((needs.DemandedBits & ~target.CapabilityBits) != 0 || !HasOwn(target, needs))
        {
            return Removal.Capability;
        }

        // A list that names none of the three says nothing about them.
        if ((target.CapabilityBits & Capabilities.Features) is not 0 and var features && features != Capabilities.Features)
        {
            uint missing = Capabilities.Features & ~features;
            if ((missing & Capabilities.Bit(Capabilities.Tools)) != 0 && needs.NeedsTools)
            {
                return Removal.Tools;
            }

            if ((missing & Capabilities.Bit(Capabilities.Vision)) != 0 && needs.NeedsVision)
            {
                return Removal.Images;
            }

            if ((missing & Capabilities.Bit(Capabilities.Json)) != 0 && needs.NeedsJson)
            {
                return Removal.JsonSchema;
            }
        }

        if (!IgnoresContext && target.Facts.ContextWindow > 0 && needs.Exceeds(target.Facts.ContextWindow))
        {
            return Removal.Context;
        }

        return needs.MaxLatencyMs > 0 && LatencyMs(target, needs) > needs.MaxLatencyMs ? Removal.Latency : Removal.None;
    }

    private static bool HasOwn(RouteTarget target, CallNeeds needs)
    {
        foreach (string own in needs.OwnDemands)
        {
            if (!target.Facts.Capabilities.Contains(own))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Measured lately, else typical, else 0: what nobody knows is given a chance.</summary>
    public static double LatencyMs(RouteTarget target, CallNeeds needs)
    {
        LatencyMeter meter = target.State.Latency;
        return meter.Silence(needs.Now) < MeasuredLately ? needs.FirstOutputMs(target) : target.Facts.TypicalLatencyMs;
    }
}
