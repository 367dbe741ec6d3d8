using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Telemetry;

namespace LlmProxy.Forwarding.Hedging;

/// <summary>Asks an LLM that has HedgeAfterMs, and the next of the plan beside it when it is slow. Once for each call.</summary>
internal sealed class HedgedTargets(TargetRunner targets, GatewayMetrics metrics)
{
    /// <summary>Never where a call stays on its model: two vectors of one text, and one of them thrown away, help nobody.</summary>
    public static bool Suits(Exchange exchange, RouteTarget target, TargetOrder order) =>
        target.Deployment.Options.HedgeAfterMs > 0 && !exchange.Endpoint.StaysOnModel && order.MayFollow;

    /// <returns>The end that counts, and the other one where both have failed.</returns>
    public async Task<(TargetEnd End, TargetEnd? Other)> RunAsync(Exchange exchange, RouteTarget target, TargetOrder order, ClientAnswer answer, AttemptRun run)
    {
        RouteTarget? beside = null;
        var delay = TimeSpan.FromMilliseconds(target.Deployment.Options.HedgeAfterMs);
        (Verdict first, Verdict? second) = await HedgedRun.RunAsync(exchange, answer, delay, AskFirst, AskSecond);
        var end = new TargetEnd(target, first);
        if (second is not { } hedged)
        {
            return (end, null);
        }

        var other = new TargetEnd(beside!, hedged);
        if (first.Kind == VerdictKind.Failed && hedged.Kind == VerdictKind.Failed)
        {
            run.BothFailed(target, beside!);
            return (other, end);
        }

        return first.Kind is VerdictKind.Failed or VerdictKind.Superseded ? (other, null) : (end, null);

        Task<Verdict> AskFirst(HedgeSide side) => targets.RunAsync(exchange, target, mayFollow: true, answer, run, side);

        Task<Verdict>? AskSecond(HedgeSide side)
        {
            beside = order.Beside(next => exchange.Account?.TryBeside(next) != false);
            if (beside is null)
            {
                return null;
            }

            run.Hedged(target);
            metrics.FellBack(target.Deployment.State.Tags, beside.Deployment.State.Tags, AttemptRun.HedgeReason);
            return targets.RunAsync(exchange, beside, order.MayFollow, answer, run, side);
        }
    }
}

/// <summary>How one LLM's turn in a call ended.</summary>
internal readonly record struct TargetEnd(RouteTarget Target, Verdict Verdict);
