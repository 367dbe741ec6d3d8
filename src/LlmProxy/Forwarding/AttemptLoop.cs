using LlmProxy.Conversation.Shortening;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Tries the planned LLMs in order until one answers. Once output has reached the client, no other is tried.</summary>
internal sealed class AttemptLoop(TargetRunner targets, ILogger<AttemptLoop> logger)
{
    public async Task RunAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        var run = new AttemptRun(exchange);
        var order = new TargetOrder(plan, run);
        bool goesOnAfterRefusal = exchange.Snapshot.Options.Routing.FallbackOnRefusal;
        while (order.Next() is { } target)
        {
            Verdict verdict = await targets.RunAsync(exchange, target, order.MayFollow, answer, run);
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

            if (!order.GoesOn(target, failure, goesOnAfterRefusal))
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
