namespace LlmProxy.Limits;

/// <content>Replicas that count together: a place here is not enough, all replicas together must have one.</content>
internal sealed partial class Bulkhead
{
    /// <summary>A place that another replica's call frees is heard of no other way.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>The same as EnterAsync, over all replicas.</summary>
    /// <param name="llm">Its name.</param>
    /// <param name="limits">What it may do.</param>
    /// <param name="tokens">What the call may take of its minute.</param>
    /// <param name="isHeld">The call's own reservation holds this LLM's place among the replicas already.</param>
    /// <param name="maxWait">How long it may wait for a place.</param>
    /// <param name="cancellation">The client has left.</param>
    public ValueTask<LimitDecision> EnterEverywhereAsync(string llm, LimitNumbers limits, long tokens, bool isHeld, TimeSpan maxWait, CancellationToken cancellation) =>
        limits.IsUnlimited || shared is not { IsUp: true } ? EnterAsync(llm, limits, tokens, maxWait, cancellation)
            : isHeld ? new ValueTask<LimitDecision>(EnterUnjudged(llm, limits, tokens))
            : EnterSharedAsync(shared, llm, limits, tokens, maxWait, cancellation);

    /// <summary>All replicas together have room for it, so there is room here: it is only counted.</summary>
    private LimitDecision EnterUnjudged(string llm, LimitNumbers limits, long tokens)
    {
        lock (_lock)
        {
            TimeSpan now = Now();
            return Enter_NeedsLock(Find_NeedsLock(llm, now), limits, tokens, now);
        }
    }

    /// <summary>The replicas refused what this one had room for: it leaves no trace, or refused calls would use up the minute.</summary>
    private void GiveBack(Hold here)
    {
        if (here is Reservation entered)
        {
            lock (_lock)
            {
                entered.Holders.Gateway!.GiveBack(entered.Entry, Now());
            }
        }

        here.Dispose();
    }

    private async ValueTask<LimitDecision> EnterSharedAsync(
        ISharedLimits replicas, string llm, LimitNumbers limits, long tokens, TimeSpan maxWait, CancellationToken cancellation)
    {
        LimitDecision here = await EnterAsync(llm, limits, tokens, maxWait, cancellation);
        if (!here.IsAdmitted)
        {
            return here;
        }

        try
        {
            TimeSpan left = maxWait - TimeSpan.FromMilliseconds(here.WaitedMs);
            TimeSpan began = Now();
            var subject = new LimitSubject { CallId = Guid.CreateVersion7(), Workspace = "", Key = "", Llm = llm, LlmLimits = limits, Tokens = tokens };
            while (true)
            {
                if (await replicas.TryAdmitAsync(subject) is not { } answer)
                {
                    return here; // It went away: this replica's own count has to do.
                }

                TimeSpan waited = Now() - began;
                if (answer.Hold is { } there)
                {
                    return here with { Hold = new HeldTwice(here.Hold, there), WaitedMs = here.WaitedMs + (long)waited.TotalMilliseconds };
                }

                if (answer.Shortage.Kind != ShortageKind.Parallel || waited >= left)
                {
                    GiveBack(here.Hold);
                    return new LimitDecision(Hold.None, answer.Shortage.ToError(), answer.Requests) { WaitedMs = here.WaitedMs + (long)waited.TotalMilliseconds };
                }

                await Task.Delay(AskAgainAfter, time, cancellation);
            }
        }
        catch
        {
            here.Hold.Dispose();
            throw;
        }
    }

    private sealed class HeldTwice(Hold here, Hold there) : Hold
    {
        public override bool IsMetered => here.IsMetered || there.IsMetered;

        public override bool TryHold(long tokens, long costUnits)
        {
            there.TryHold(tokens, costUnits);
            return here.TryHold(tokens, costUnits);
        }

        public override void Settle(long tokens, long costUnits)
        {
            here.Settle(tokens, costUnits);
            there.Settle(tokens, costUnits);
        }
    }
}
