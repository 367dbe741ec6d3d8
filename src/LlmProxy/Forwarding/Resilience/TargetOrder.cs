using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>
/// Which of the planned LLMs is asked next. Those believed to be down come last, but no external one comes behind a local
/// one that way; those whose context is known to be too small for this request are passed over.
/// </summary>
internal sealed class TargetOrder(RoutePlan plan, AttemptRun run)
{
    private List<RouteTarget>? _resting;
    private int _next;
    private int _nextResting;
    private int _tooSmall;
    private bool _wasHome;
    private RouteTarget? _again;
    private RouteTarget? _beside;

    /// <summary>Whether another one can be asked after those that were handed out.</summary>
    public bool MayFollow
    {
        get
        {
            for (int i = _next; i < plan.Targets.Count; i++)
            {
                if (IsWorthAsking(plan.Targets[i]))
                {
                    return true;
                }
            }

            for (int i = _nextResting; i < (_resting?.Count ?? 0); i++)
            {
                if (IsWorthAsking(_resting![i]))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Null when nobody is left.</summary>
    public RouteTarget? Next()
    {
        if (_again is { } again)
        {
            _again = null;
            return again;
        }

        RouteTarget? next = Following();
        _wasHome |= next?.IsLocal == true;
        return next;
    }

    private RouteTarget? Following()
    {
        while (_next < plan.Targets.Count)
        {
            RouteTarget target = plan.Targets[_next++];
            if (ReferenceEquals(target, _beside))
            {
                continue;
            }

            if (!target.Deployment.HasAvailableReplica && plan.Targets.Count > 1)
            {
                (_resting ??= []).Add(target);
                run.Skip(target, new VendorFailure(ErrorCode.NoHealthyProvider, $"{TransportFailures.Who(target)} does not answer its health checks."));
            }
            else if (WouldLeave(target))
            {
                run.Skip(target, new VendorFailure(ErrorCode.ExternalNotAllowed, $"{TransportFailures.Who(target)} was not asked: it is external, and a local LLM had the call already.") { IsFinal = true });
            }
            else if (!IsPassedOver(target))
            {
                return target;
            }
        }

        while (_nextResting < (_resting?.Count ?? 0))
        {
            RouteTarget target = _resting![_nextResting++];
            if (!WouldLeave(target) && !IsPassedOver(target))
            {
                return target;
            }
        }

        return null;
    }

    /// <summary>Who can be asked beside one that is slow: the next that is believed to be up, and all others keep their turn. Null: nobody.</summary>
    public RouteTarget? Beside(Func<RouteTarget, bool> mayBeAsked)
    {
        for (int i = _next; i < plan.Targets.Count && _beside is null; i++)
        {
            RouteTarget target = plan.Targets[i];
            _beside = target.Deployment.HasAvailableReplica && IsWorthAsking(target) && mayBeAsked(target) ? target : null;
        }

        _wasHome |= _beside?.IsLocal == true;
        return _beside;
    }

    /// <summary>The request has become another one: the same LLM is asked once more.</summary>
    public void Again(RouteTarget target) => _again = target;

    /// <summary>Whether a failure lets another LLM be asked.</summary>
    public bool GoesOn(RouteTarget failed, VendorFailure failure, bool goesOnAfterRefusal)
    {
        if (ReferenceEquals(failure, Attempt.ShuttingDown))
        {
            return false;
        }

        if (failure.Code == ErrorCode.ContextLengthExceeded)
        {
            _tooSmall = Math.Max(_tooSmall, failed.Facts.ContextWindow);
            return true;
        }

        return !failure.IsFinal || (failure.IsRefusal && goesOnAfterRefusal);
    }

    private bool IsWorthAsking(RouteTarget target) =>
        !ReferenceEquals(target, _beside) && !WouldLeave(target) && !IsTooSmall(target) && target.Deployment.State.Breaker.MayTry(target.Deployment.Resilience.Breaker);

    private bool WouldLeave(RouteTarget target) => HouseRule.Forbids(plan.Targets, target, _wasHome);

    private bool IsTooSmall(RouteTarget target) => target.Facts.ContextWindow > 0 && target.Facts.ContextWindow <= _tooSmall;

    private bool IsPassedOver(RouteTarget target)
    {
        if (!IsTooSmall(target))
        {
            return false;
        }

        run.Skip(target, new VendorFailure(
            ErrorCode.ContextLengthExceeded, $"{TransportFailures.Who(target)} was not asked: its context of {target.Facts.ContextWindow} tokens is no larger than one that was too small.")
        { IsFinal = true });
        return true;
    }
}
