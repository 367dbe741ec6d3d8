using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>Tries one LLM of the plan; null: it could not be asked now.</summary>
internal delegate Task<Verdict?> ContinuingAttempt(RouteTarget target, BrokenText broken, AttemptRun run, TimeSpan share);

/// <summary>
/// What happens when a stream has broken after output and the caller wished it to be gone on with: the LLMs that stand
/// behind the broken one in the plan and can go on with an answer are asked to, each once, until one finishes it.
/// </summary>
internal sealed class Continuer(Exchange exchange, RoutePlan plan, ILogger logger)
{
    /// <summary>The failure that the client has to be told of; null when the answer was finished, or nobody waits for it.</summary>
    public async Task<(VendorFailure Failure, RouteTarget Target)?> RunAsync(RouteTarget broken, VendorFailure failure, ContinuingAttempt attempt)
    {
        long brokenAt = exchange.Time.GetTimestamp();
        Queue<RouteTarget> able = Able(broken);
        string? why = null;
        while (true)
        {
            AttemptFacts facts = exchange.Chosen!;
            if (Leave(facts, broken, failure) is not { } text)
            {
                return (failure, broken);
            }

            Verdict? verdict = null;
            var run = new AttemptRun(exchange);
            run.Failed(broken, failure);
            while (verdict is not { Kind: not VerdictKind.Failed } && able.TryDequeue(out RouteTarget? next))
            {
                TimeSpan left = TimeLeft(brokenAt);
                if (left <= TimeSpan.Zero)
                {
                    break;
                }

                logger.GoesOn(next.Deployment.Name, broken.Deployment.Name, text.Chars, exchange.Id);
                verdict = await attempt(next, text, run, left);
                if (verdict is { Kind: VerdictKind.Failed } failed)
                {
                    run.Failed(next, failed.Failure!);
                    why = $"{next.Deployment.Name}: {failed.Failure!.Code.Wire()}";
                    if (ReferenceEquals(failed.Failure, Attempt.ShuttingDown))
                    {
                        return (failed.Failure, next);
                    }
                }
                else if (verdict is { Kind: VerdictKind.Broken } again)
                {
                    (broken, failure) = (next, again.Failure!);
                }
            }

            if (verdict is not { Kind: VerdictKind.Broken })
            {
                return verdict is { Kind: not VerdictKind.Failed } ? null : (Untold(failure, why), broken);
            }
        }
    }

    /// <summary>Null where nobody may or can go on.</summary>
    private BrokenText? Leave(AttemptFacts facts, RouteTarget target, VendorFailure failure)
    {
        if (facts.SoFar is not { } soFar || failure.IsFinal || failure.Status is 400 or 413 or 422 || ReferenceEquals(failure, Attempt.ShuttingDown)
            || soFar.Break() is not { } text || RequestOf() is not { } request)
        {
            return null;
        }

        TokenUsage? own = facts.GoesOnFrom is null ? facts.Usage : facts.Usage?.Minus(soFar.UsageBefore);
        soFar.LeaveOff(target, facts.GoesOnFrom?.AddTo(request, target.Model) ?? request, own, failure, text.Chars);
        facts.Usage = soFar.UsageBefore;
        facts.CostUsd = soFar.CostBefore;
        return text;
    }

    /// <summary>The request, where its answer is one plain text that begins with the answer's first word.</summary>
    private ChatRequest? RequestOf()
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

    /// <summary>The house's rules have made the plan; those that are believed to be down come last.</summary>
    private Queue<RouteTarget> Able(RouteTarget broken)
    {
        var able = new Queue<RouteTarget>();
        foreach (bool isUp in (ReadOnlySpan<bool>)[true, false])
        {
            bool isBehind = false;
            foreach (RouteTarget target in plan.Targets)
            {
                if (isBehind && target.Deployment != broken.Deployment && target.Deployment.HasAvailableReplica == isUp && target.Deployment.Provider.GoesOn(target) is not null)
                {
                    able.Enqueue(target);
                }

                isBehind |= target == broken;
            }
        }

        return able;
    }

    /// <summary>The time that all attempts share begins anew when a stream breaks; the caller's own limit does not.</summary>
    private TimeSpan TimeLeft(long brokenAt)
    {
        TimeSpan left = TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.DeadlineSeconds) - exchange.Time.GetElapsedTime(brokenAt);
        return exchange.WishedTimeLeft is { } wished && wished < left ? wished : left;
    }

    private static VendorFailure Untold(VendorFailure failure, string? why) =>
        failure with { Message = $"{failure.Message} {(why is null ? "No other LLM of this call's can go on with the answer." : $"Nobody could go on with the answer ({why}).")}" };
}
