using LlmProxy.Conversation.Shortening;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Tries the planned LLMs in order until one answers. Once output has reached the client, no other is tried.</summary>
internal sealed class AttemptLoop(TargetRunner targets, HedgedTargets hedges, ILogger<AttemptLoop> logger)
{
    public async Task RunAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        var run = new AttemptRun(exchange);
        var order = new TargetOrder(plan, run);
        bool goesOnAfterRefusal = exchange.Snapshot.Options.Routing.FallbackOnRefusal;
        bool mayHedge = true;
        while (order.Next() is { } next)
        {
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
                await GoOnAsync(exchange, plan, target, failure, answer);
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

    /// <summary>A stream broke after output: another LLM goes on with it, or the client is told.</summary>
    private async Task GoOnAsync(Exchange exchange, RoutePlan plan, RouteTarget target, VendorFailure failure, ClientAnswer answer)
    {
        (VendorFailure Failure, RouteTarget Target)? untold = exchange.Chosen?.SoFar is null
            ? (failure, target)
            : await new Continuer(exchange, plan, logger).RunAsync(
                target, failure, (next, broken, run, share) => targets.GoOnAsync(exchange, next, broken, answer, run, share));
        if (untold is { } told)
        {
            await answer.SendErrorAsync(AttemptRun.ErrorOf(told.Failure, told.Target.Deployment.ProviderName));
        }
    }
}
