using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Tries the planned LLMs in order until one answers. Once output has reached the client, no other is tried.</summary>
internal sealed class AttemptLoop(TargetRunner targets)
{
    public async Task RunAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        var run = new AttemptRun(exchange);
        var order = new TargetOrder(plan, run);
        bool goesOnAfterRefusal = exchange.Snapshot.Options.Routing.FallbackOnRefusal;
        while (order.Next() is { } target)
        {
            Verdict verdict = await targets.RunAsync(exchange, target, order.MayFollow, answer, run, exchange.Aborted);
            if (verdict.Kind is VerdictKind.Answered or VerdictKind.ClientGone)
            {
                return;
            }

            VendorFailure failure = verdict.Failure!;
            if (verdict.Kind == VerdictKind.Broken)
            {
                await answer.SendErrorAsync(AttemptRun.ErrorOf(failure, target.Deployment.ProviderName));
                return;
            }

            if (!order.GoesOn(target, failure, goesOnAfterRefusal))
            {
                break;
            }
        }

        await answer.SendErrorAsync(run.Outcome());
    }
}
