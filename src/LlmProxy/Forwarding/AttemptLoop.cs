using LlmProxy.Conversation.Shortening;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Tries the planned LLMs in order until one answers. Once output has reached the client, no other is tried.</summary>
internal sealed class AttemptLoop(TargetRunner targets, HedgedTargets hedges, Continuer continuer)
{
    public async Task RunAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        var run = new AttemptRun(exchange);
        var order = new TargetOrder(plan, run);
        bool goesOnAfterRefusal = exchange.Snapshot.Options.Routing.FallbackOnRefusal;
        bool mayHedge = true;
        while (order.Next() is { } next)
        {
            if (exchange.Account?.TryMove(next) == false)
            {
                run.Skip(next, NoBudget(next));
                continue;
            }

            TargetEnd? alsoFailed = null;
            TargetEnd end;
            if (mayHedge && HedgedTargets.Suits(exchange, next, order))
            {
                mayHedge = false;
                (end, alsoFailed) = await hedges.RunAsync(exchange, next, order, answer, run);
            }
            else
            {
                end = new TargetEnd(next, await targets.RunAsync(exchange, next, order.MayFollow, answer, run));
            }

            (RouteTarget target, Verdict verdict) = end;
            if (verdict.Kind is VerdictKind.Answered or VerdictKind.ClientGone)
            {
                exchange.IsClientGone = verdict.Kind == VerdictKind.ClientGone;
                return;
            }

            VendorFailure failure = verdict.Failure!;
            if (verdict.Kind == VerdictKind.Broken)
            {
                await continuer.GoOnOrTellAsync(exchange, plan, target, failure, answer);
                return;
            }

            bool mayGoOn = alsoFailed is not { } other || order.GoesOn(other.Target, other.Verdict.Failure!, goesOnAfterRefusal);
            if (!order.GoesOn(target, failure, goesOnAfterRefusal) || !mayGoOn)
            {
                break;
            }

            if (failure.Code == ErrorCode.ContextLengthExceeded && !order.MayFollow && Truncation.TryShorten(exchange, target))
            {
                order.Again(target);
            }
        }

        await answer.SendErrorAsync(run.Outcome());
    }

    public static VendorFailure NoBudget(RouteTarget target) => new(
        ErrorCode.InsufficientQuota, $"The budget that is left has no room for this call at {TransportFailures.Who(target)}.");
}
