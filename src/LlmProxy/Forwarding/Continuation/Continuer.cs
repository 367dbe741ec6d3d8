using LlmProxy.Conversation;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>
/// What happens when a stream breaks after output. Where the caller wished it to be gone on with, the LLMs that stand
/// behind the broken one in the plan and can go on with an answer are asked to, each once, until one finishes it. Else, and
/// where none can, the client is told.
/// </summary>
internal sealed class Continuer(TargetRunner targets, ILogger<Continuer> logger)
{
    public async Task GoOnOrTellAsync(Exchange exchange, RoutePlan plan, RouteTarget broken, VendorFailure failure, ClientAnswer answer)
    {
        if (exchange.Chosen is { SoFar: not null })
        {
            if (await GoOnAsync(exchange, plan, broken, failure, answer) is not { } untold)
            {
                return;
            }

            (broken, failure) = untold;
        }

        await answer.SendErrorAsync(AttemptRun.ErrorOf(failure, broken.Deployment.ProviderName));
    }

    /// <summary>Null when the answer was finished, or nobody waits for it any more; else whose failure the client is to be told of.</summary>
    private async Task<(RouteTarget Target, VendorFailure Failure)?> GoOnAsync(Exchange exchange, RoutePlan plan, RouteTarget broken, VendorFailure failure, ClientAnswer answer)
    {
        Queue<RouteTarget> able = Able(plan, broken);
        while (LeaveOff(exchange, broken, failure) is { } text)
        {
            var run = new AttemptRun(exchange) { GoesOnFrom = text, BeganAt = exchange.Time.GetTimestamp() };
            run.Failed(broken, failure);
            AnswerSoFar soFar = exchange.Chosen!.SoFar!;
            (RouteTarget Target, Verdict Verdict)? last = null;
            await answer.WaitAgainAsync();
            while (run.TimeLeft > TimeSpan.Zero && able.TryDequeue(out RouteTarget? next))
            {
                if (exchange.Account?.TryGoOn(next, soFar.UsageBefore, soFar.CostBefore, soFar.KnownCostBefore) == false)
                {
                    last = (next, run.Skip(next, AttemptLoop.NoBudget(next)));
                    continue;
                }

                logger.GoesOn(next.Deployment.Name, broken.Deployment.Name, text.Chars, exchange.Id);
                last = (next, await targets.RunAsync(exchange, next, able.Count > 0, answer, run));
                if (last.Value.Verdict.Kind != VerdictKind.Failed || ReferenceEquals(last.Value.Verdict.Failure, Attempt.ShuttingDown))
                {
                    break;
                }
            }

            switch (last?.Verdict.Kind)
            {
                case VerdictKind.Broken:
                    (broken, failure) = (last.Value.Target, last.Value.Verdict.Failure!);
                    break;
                case VerdictKind.Failed or null:
                    return (broken, Untold(failure, last));
                default:
                    return null;
            }
        }

        return (broken, failure);
    }

    /// <summary>Where the broken LLM came to; null where nobody may or can go on from there.</summary>
    private static BrokenText? LeaveOff(Exchange exchange, RouteTarget target, VendorFailure failure)
    {
        AttemptFacts facts = exchange.Chosen!;
        if (failure.IsFinal || failure.IsRefusal || ReferenceEquals(failure, Attempt.ShuttingDown)
            || facts.SoFar!.Break() is not { } text || PlainRequest(exchange) is not { } request)
        {
            return null;
        }

        AnswerSoFar soFar = facts.SoFar;
        soFar.LeaveOff(target, facts.GoesOnFrom?.AddTo(request, target.Model) ?? request, facts.OwnUsage, failure, text.Chars);
        facts.Usage = soFar.UsageBefore;
        facts.CostUsd = soFar.CostBefore;
        facts.KnownCostUsd = soFar.KnownCostBefore;
        return text;
    }

    /// <summary>The request, where its answer is one plain text and the answer's first word is the model's.</summary>
    private static ChatRequest? PlainRequest(Exchange exchange)
    {
        try
        {
            ChatRequest request = exchange.ReadChat();
            bool isPlain = request is { Choices: 1, Format.Kind: AnswerFormatKind.Text, Messages: [.., { Role: not ChatRole.Assistant }] };
            return isPlain ? request : null;
        }
        catch (CallRefusedException)
        {
            return null; // It passed to a vendor of its own dialect, and says what no other can be told.
        }
    }

    /// <summary>
    /// The house's rules have made the plan. A replica of the broken LLM itself goes on best; those that are believed to be
    /// down come last, but no external one comes behind a local one that way.
    /// </summary>
    internal static Queue<RouteTarget> Able(RoutePlan plan, RouteTarget broken)
    {
        var able = new Queue<RouteTarget>();
        var resting = new List<RouteTarget>();
        if (broken.Deployment.Replicas.Count > 1 && broken.Deployment.Provider.GoesOn(broken) is not null)
        {
            able.Enqueue(broken);
        }

        bool isBehind = false;
        foreach (RouteTarget target in plan.Targets)
        {
            if (isBehind && target.Deployment != broken.Deployment && target.Deployment.Provider.GoesOn(target) is not null)
            {
                if (target.Deployment.HasAvailableReplica)
                {
                    able.Enqueue(target);
                }
                else
                {
                    resting.Add(target);
                }
            }

            isBehind |= target == broken;
        }

        bool wasHome = broken.IsLocal || able.Any(target => target.IsLocal);
        resting.RemoveAll(target => HouseRule.Forbids(plan.Targets, target, wasHome));
        resting.ForEach(able.Enqueue);
        return able;
    }

    private static VendorFailure Untold(VendorFailure failure, (RouteTarget Target, Verdict Verdict)? last)
    {
        string why = last is { Verdict.Failure: { } then } tried
            ? $"Nobody could go on with the answer ({tried.Target.Deployment.Name}: {then.Code.Wire()})."
            : "No other LLM that this call may go to can go on with the answer.";
        return failure with { Message = $"{failure.Message} {why}" };
    }
}
