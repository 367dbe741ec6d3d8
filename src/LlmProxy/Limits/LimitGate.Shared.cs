using LlmProxy.Pipeline;

namespace LlmProxy.Limits;

/// <content>
/// Replicas that count together: the store judges, and what it admits is entered here too without being judged, so that this
/// process can go on alone while the store is away.
/// </content>
internal sealed partial class LimitGate
{
    /// <summary>Room that another replica's call has made is heard of no other way.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(200);

    private static readonly GatewayError StoreIsAway = new(
        ErrorCode.GatewayBusy,
        "The limits that all replicas share cannot be counted: Redis (LlmProxy:Redis:Connection) does not answer, and LlmProxy:Limits:WhenStoreIsDown is refuse. Try again in a moment.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
        LimitedBy = "store",
    };

    private bool _isPumping;
    private long _roomHeard;

    private async ValueTask<LimitDecision> ReserveSharedAsync(LimitSubject subject, CancellationToken cancellation)
    {
        bool othersWait = subject.MaxWait > TimeSpan.Zero && Waiting > 0;
        Verdict verdict = default;
        if (!othersWait)
        {
            verdict = await AskAsync(subject);
            if (verdict.IsAway)
            {
                verdict = JudgeAlone(subject);
            }

            if (verdict.Shortage.IsNone || !MayWait(subject, verdict.Shortage))
            {
                return verdict.Decision;
            }
        }

        ValueTask<LimitDecision> waiting;
        lock (_lock)
        {
            TimeSpan now = Now();
            Sweep_NeedsLock(now);
            waiting = Queue_NeedsLock(subject, now, cancellation);
        }

        return await waiting;
    }

    /// <summary>Asks the store, and enters here what it admits.</summary>
    private async ValueTask<Verdict> AskAsync(LimitSubject subject)
    {
        if (!_shared.IsUp || await _shared.TryAdmitAsync(subject) is not { } answer)
        {
            return Verdict.Away;
        }

        if (answer.Hold is null && answer.Shortage.Owner == Shortage.OwnerLlm)
        {
            subject = subject with { Llm = null, LlmLimits = default };
            if (subject.IsUnlimited)
            {
                return new Verdict(LimitDecision.Unlimited, default);
            }

            if (!_shared.IsUp || await _shared.TryAdmitAsync(subject) is not { } again)
            {
                return Verdict.Away;
            }

            answer = again;
        }

        if (answer.Hold is not { } hold)
        {
            return new Verdict(new LimitDecision(Hold.None, answer.Shortage.ToError(), answer.Requests) { Tokens = answer.Tokens }, answer.Shortage);
        }

        return new Verdict(new LimitDecision(Mirror(subject, hold, answer), null, answer.Requests) { Tokens = answer.Tokens, HeldLlm = subject.Llm }, default);
    }

    private SharedHold Mirror(in LimitSubject subject, Hold shared, SharedAnswer answer)
    {
        lock (_lock)
        {
            TimeSpan now = Now();
            Reservation local = _book.Enter(subject, _book.Find(subject, now), this, now);
            if (local.Metering is { } metering)
            {
                Learn(metering.KeyBudget, answer.KeySpend, answer.At);
                Learn(metering.WorkspaceBudget, answer.WorkspaceSpend, answer.At);
            }

            return new SharedHold(shared, local, this);
        }
    }

    /// <summary>Two clocks need not be in one period: what one period has cost is nothing to another.</summary>
    private static void Learn(in BudgetStake budget, Spend? whole, DateTimeOffset at)
    {
        if (whole is { } spent && budget.Account is { } account && account.Span.Covers(at))
        {
            account.LearnWhole(spent);
            account.IsKnown = true;
        }
    }

    /// <summary>The store is away: by this process's own counts, or not at all.</summary>
    private Verdict JudgeAlone(in LimitSubject subject)
    {
        if (subject.NeedsStore)
        {
            return new Verdict(new LimitDecision(Hold.None, StoreIsAway, default), default);
        }

        if (subject.IsUnlimited)
        {
            return new Verdict(LimitDecision.Unlimited, default);
        }

        lock (_lock)
        {
            Shortage shortage = TryEnter_NeedsLock(subject, Now(), out LimitDecision decision);
            return new Verdict(Followed(subject, decision), shortage);
        }
    }

    /// <summary>The store is told of it when it is back.</summary>
    private LimitDecision Followed(in LimitSubject subject, in LimitDecision alone) =>
        alone.IsAdmitted ? alone with { Hold = _shared.Follow(subject, alone.Hold) } : alone;

    /// <summary>One at a time is asked for: whoever comes second is judged with the first one entered.</summary>
    private void Pump_NeedsLock()
    {
        _roomHeard++;
        if (!_isPumping && _queue.Next is not null)
        {
            _isPumping = true;
            _ = Task.Run(PumpAsync);
        }
    }

    private async Task PumpAsync()
    {
        bool goesOn = true;
        while (goesOn)
        {
            WaitingCall? call;
            long heard;
            lock (_lock)
            {
                heard = _roomHeard;
                call = _queue.Next;
                if (call is null)
                {
                    _isPumping = false;
                    return;
                }
            }

            Verdict verdict = Verdict.Away;
            try
            {
                verdict = await AskAsync(call.Subject);
            }
            finally
            {
                goesOn = Judged(call, verdict, heard); // Whatever happens, somebody goes on asking for those who wait.
            }
        }
    }

    /// <summary>What the store said of a waiting call. False: nobody else needs to be asked for now.</summary>
    private bool Judged(WaitingCall call, in Verdict verdict, long heard)
    {
        bool isLeft;
        lock (_lock)
        {
            TimeSpan now = Now();
            isLeft = call.Lane_NeedsLock is null;
            if (verdict.IsAway)
            {
                _isPumping = false;
                if (!_shared.IsUp)
                {
                    Room_NeedsLock(now);
                }
                else
                {
                    _wakes.Add(_book.Gateway, now + AskAgainAfter, now);
                }

                return false;
            }

            if (!isLeft && !TakeVerdict_NeedsLock(call, verdict, heard, now))
            {
                _isPumping = false;
                return false;
            }
        }

        if (isLeft)
        {
            verdict.Decision.Hold.Dispose(); // Its client went while the store was asked.
        }

        return true;
    }

    private bool TakeVerdict_NeedsLock(WaitingCall call, in Verdict verdict, long heard, TimeSpan now)
    {
        Shortage shortage = verdict.Shortage;
        bool isHopeless = shortage.IsFinal || (!call.WasAsked && shortage.Wait >= call.Subject.MaxWait);
        if (shortage.IsNone || isHopeless)
        {
            Leave_NeedsLock(call, verdict.Decision, now);
            return true;
        }

        call.WasAsked = true;
        call.LastShortage = shortage;
        if (heard != _roomHeard)
        {
            return true; // Something ended while it was asked: once more.
        }

        return Park_NeedsLock(call, shortage, now + (shortage.Wait > TimeSpan.Zero ? shortage.Wait : AskAgainAfter), now);
    }

    private void HoldUnjudged(Reservation local, Spend whole)
    {
        lock (_lock)
        {
            if (local.Metering is { IsSettled: false } metering)
            {
                metering.Hold(whole, Now());
            }
        }
    }

    private readonly record struct Verdict(LimitDecision Decision, Shortage Shortage)
    {
        public static readonly Verdict Away = new() { IsAway = true };

        public bool IsAway { get; private init; }
    }

    /// <summary>Held in the store, which judges, and here, where it is only counted.</summary>
    private sealed class SharedHold(Hold shared, Reservation local, LimitGate gate) : Hold
    {
        public override bool IsMetered => shared.IsMetered || local.IsMetered;

        public override bool TryHold(long tokens, long costUnits)
        {
            if (!gate._shared.IsUp)
            {
                return local.TryHold(tokens, costUnits);
            }

            if (!shared.TryHold(tokens, costUnits))
            {
                return false;
            }

            gate.HoldUnjudged(local, new Spend(Math.Max(0, costUnits), Math.Max(0, tokens)));
            return true;
        }

        public override void Settle(long tokens, long costUnits)
        {
            shared.Settle(tokens, costUnits);
            local.Settle(tokens, costUnits);
        }
    }
}
