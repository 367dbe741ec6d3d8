using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Telemetry;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>Makes one attempt, and writes down what became of it.</summary>
internal sealed class AttemptRunner(AttemptClocks clocks, PassiveHealth health, GatewayMetrics metrics, ILogger<AttemptRunner> logger)
{
    public async Task<Verdict> RunAsync(TargetTurn turn, Replica replica, TimeSpan share)
    {
        Exchange exchange = turn.Exchange;
        RouteTarget target = turn.Target;
        LlmTags tags = turn.Llm.State.Tags;
        long begun = exchange.Time.GetTimestamp();
        AttemptFacts facts = exchange.BeginAttempt(turn.Run.Reason(target), turn.Side, turn.Run.GoesOnFrom);
        facts.Turn = turn;
        if (turn.Side is not { IsSecond: true } && turn.Run.LeftBefore(target) is { } left)
        {
            metrics.FellBack(left.Target.Deployment.State.Tags, tags, left.Failure.Code.Wire());
        }

        facts.Span = GatewayTracing.StartAttempt(exchange.Endpoint, tags, target.Model, facts.Number);
        replica.Enter();
        tags.Enter();
        Verdict verdict;
        try
        {
            verdict = await new Attempt(exchange, target, replica, facts, clocks).RunAsync(turn.Answer, share);
        }
        finally
        {
            replica.Leave();
            tags.Leave();
        }

        TimeSpan elapsed = exchange.Time.GetElapsedTime(begun);
        turn.IsCallersHurry = verdict.Failure is { } failure && IsCallersHurry(turn, failure, elapsed);
        if (verdict.Kind == VerdictKind.Failed)
        {
            turn.Run.Failed(target, verdict.Failure!);
        }

        Bill(turn, facts, verdict);
        Note(turn, facts, verdict, begun, elapsed.TotalMilliseconds);
        GatewayTracing.EndAttempt(facts.Span, facts.ReportedModel, facts.OwnUsage ?? default, verdict.Failure?.Code.Wire());
        health.Record(turn.Llm, replica, verdict);
        return verdict;
    }

    /// <summary>What an attempt used that did not come to its end: its vendor bills it all the same, or may.</summary>
    private void Bill(TargetTurn turn, AttemptFacts facts, in Verdict verdict)
    {
        Exchange exchange = turn.Exchange;
        if (verdict.Kind == VerdictKind.Answered || !exchange.Endpoint.CountsTokens)
        {
            return;
        }

        bool isOurDoing = verdict.Kind is VerdictKind.Superseded or VerdictKind.ClientGone || (verdict.Failure is { } failure && FailureKinds.IsOwnTimeout(failure));
        facts.MayBeBilled = facts.HasBegun || (facts.MayBeBilled && isOurDoing);
        if (!facts.MayBeBilled && !facts.IsCounted)
        {
            return;
        }

        if (!facts.IsCounted)
        {
            facts.Estimate(exchange.Account?.PromptTokens ?? 0);
            facts.SettleCost(turn.Target);
        }

        if (facts != exchange.Committed)
        {
            exchange.Lost(facts);
            metrics.Used(turn.Llm.State.Tags, facts.OwnUsage ?? default, facts.OwnCostUsd, exchange.Caller.Workspace);
        }
    }

    private void Note(TargetTurn turn, AttemptFacts facts, in Verdict verdict, long begun, double elapsedMs)
    {
        Exchange exchange = turn.Exchange;
        Deployment llm = turn.Llm;
        string outcome = verdict.Kind switch
        {
            VerdictKind.Answered => "success",
            VerdictKind.ClientGone => "client_gone",
            VerdictKind.Superseded => "superseded",
            _ => verdict.Failure!.Code.Wire(),
        };
        exchange.EndAttempt(facts, new AttemptRecord(llm.Name, llm.ProviderName, outcome, elapsedMs));
        exchange.IsClientGone |= verdict.Kind == VerdictKind.ClientGone;
        metrics.AttemptEnded(llm.State.Tags, outcome);
        if (verdict.Failure is { } failure)
        {
            if (FailureKinds.IsLlms(failure) && !turn.IsCallersHurry)
            {
                llm.State.Failed(new CallFailure(failure.Code.Wire(), failure.VendorCode ?? "", exchange.Time.GetUtcNow()));
                if (FailureKinds.SpeaksOfSpeed(failure))
                {
                    llm.State.Latency.Failed(elapsedMs);
                }
            }

            logger.AttemptFailed(facts.Number, llm.Name, outcome, failure.VendorCode ?? "-", elapsedMs, exchange.Id);
        }
        else if (verdict.Kind == VerdictKind.ClientGone && exchange.FirstOutputAt == 0)
        {
            llm.State.Latency.Waited(elapsedMs);
        }
        else if (verdict.Kind == VerdictKind.Answered)
        {
            llm.State.Answered(exchange.Time.GetUtcNow());
            if (facts.GoesOnFrom is not null)
            {
                return; // Its first output was another LLM's.
            }

            double firstMs = exchange.FirstOutputAt == 0 ? elapsedMs : exchange.Time.GetElapsedTime(begun, exchange.FirstOutputAt).TotalMilliseconds;
            llm.State.Latency.Measured(firstMs, exchange.IsStream ? elapsedMs : firstMs, facts.Usage?.Output ?? 0);
        }
    }

    /// <summary>A caller who gives an LLM less time than it has says nothing about the LLM: else anybody could have it left alone.</summary>
    private static bool IsCallersHurry(TargetTurn turn, VendorFailure failure, TimeSpan elapsed) =>
        turn.Exchange.Wishes.TimeoutMs is not null && FailureKinds.IsOwnTimeout(failure)
        && elapsed.TotalSeconds < (turn.Exchange.IsStream ? turn.Llm.Options.FirstTokenTimeoutSeconds : turn.Llm.Options.TimeoutSeconds);
}
