namespace LlmProxy.Limits;

/// <summary>
/// How many calls one LLM may have at once and per minute. A place at a full one is waited for a moment, first come first
/// served; nobody asks twice: the call that ends hands its place on.
/// </summary>
internal sealed partial class Bulkhead(TimeProvider time, ISharedLimits? shared = null) : IPlaces
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LimitHolder> _llms = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _swept;

    /// <summary>LLMs that are remembered because they have calls running, waiting or begun in the last minute.</summary>
    public int Remembered
    {
        get
        {
            lock (_lock)
            {
                return _llms.Count;
            }
        }
    }

    /// <summary>Takes a place, or says what is lacking.</summary>
    /// <param name="llm">Its name.</param>
    /// <param name="limits">What it may do.</param>
    /// <param name="tokens">What the call may take of its minute: the hold's settle puts the true number there.</param>
    public LimitDecision TryEnter(string llm, LimitNumbers limits, long tokens = 0)
    {
        if (limits.IsUnlimited)
        {
            return LimitDecision.Unlimited;
        }

        lock (_lock)
        {
            TimeSpan now = Now();
            return TryEnter_NeedsLock(llm, Find_NeedsLock(llm, now), limits, tokens, now);
        }
    }

    /// <summary>Waits for a place where all are taken; a used-up minute is not waited for. Throws OperationCanceledException when the client leaves.</summary>
    public ValueTask<LimitDecision> EnterAsync(string llm, LimitNumbers limits, long tokens, TimeSpan maxWait, CancellationToken cancellation)
    {
        if (limits.IsUnlimited)
        {
            return new ValueTask<LimitDecision>(LimitDecision.Unlimited);
        }

        WaitingPlace waiting;
        lock (_lock)
        {
            TimeSpan now = Now();
            LimitHolder holder = Find_NeedsLock(llm, now);
            Shortage shortage = Check_NeedsLock(holder, limits, tokens, now);
            if (shortage.Kind != ShortageKind.Parallel || maxWait <= TimeSpan.Zero || holder.Queue is { Count: >= LimitGate.MaxWaiting })
            {
                return new ValueTask<LimitDecision>(TryEnter_NeedsLock(llm, holder, limits, tokens, now));
            }

            waiting = new WaitingPlace(llm, holder, limits, tokens, now);
            waiting.Place_NeedsLock = (holder.Queue ??= new LinkedList<WaitingPlace>()).AddLast(waiting);
        }

        return WaitAsync(waiting, maxWait, cancellation);
    }

    /// <summary>Called by the reservation itself.</summary>
    public bool TryHold(Reservation reservation, long tokens, long costUnits)
    {
        lock (_lock)
        {
            return reservation.Metering!.IsSettled || reservation.Metering.TryHold(tokens, costUnits, Now());
        }
    }

    /// <summary>Called by the reservation itself.</summary>
    public void Release(Reservation reservation, Spend used)
    {
        lock (_lock)
        {
            reservation.Metering?.Settle(used, Now());
            reservation.Holders.Leave_NeedsLock();
            AdmitWaiting_NeedsLock(reservation.Holders.Gateway!);
        }
    }

    private async ValueTask<LimitDecision> WaitAsync(WaitingPlace waiting, TimeSpan maxWait, CancellationToken cancellation)
    {
        // Both may fire before they are even stored here: leaving twice changes nothing.
        using ITimer patience = time.CreateTimer(_ => GiveUp(waiting), null, maxWait, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration gone = cancellation.UnsafeRegister((_, token) => Abandon(waiting, token), null);
        return await waiting.Task;
    }

    private void GiveUp(WaitingPlace waiting)
    {
        lock (_lock)
        {
            if (TryLeave_NeedsLock(waiting))
            {
                TimeSpan now = Now();
                Shortage shortage = new(ShortageKind.Parallel, waiting.Limits.MaxParallel, TimeSpan.Zero);
                waiting.SetResult(Refused(waiting.Llm, shortage, waiting.Holder.Report(waiting.Limits, now)) with { WaitedMs = waiting.WaitedMs(now) });
            }
        }
    }

    private void Abandon(WaitingPlace waiting, CancellationToken token)
    {
        lock (_lock)
        {
            if (TryLeave_NeedsLock(waiting))
            {
                waiting.SetCanceled(token);
            }
        }
    }

    private void AdmitWaiting_NeedsLock(LimitHolder holder)
    {
        while (holder.Queue?.First?.Value is { } first)
        {
            TimeSpan now = Now();
            if (holder.Check(first.Limits, first.Tokens, now).Kind == ShortageKind.Parallel)
            {
                return;
            }

            TryLeave_NeedsLock(first);
            first.SetResult(Take_NeedsLock(first.Llm, holder, first.Limits, first.Tokens, now) with { WaitedMs = first.WaitedMs(now) });
        }
    }

    private LimitDecision TryEnter_NeedsLock(string llm, LimitHolder holder, LimitNumbers limits, long tokens, TimeSpan now) =>
        Check_NeedsLock(holder, limits, tokens, now) is { IsNone: false } shortage
            ? Refused(llm, shortage, holder.Report(limits, now))
            : Take_NeedsLock(llm, holder, limits, tokens, now);

    private LimitDecision Take_NeedsLock(string llm, LimitHolder holder, LimitNumbers limits, long tokens, TimeSpan now)
    {
        if (holder.Check(limits, tokens, now) is { IsNone: false } shortage)
        {
            return Refused(llm, shortage, holder.Report(limits, now));
        }

        return Enter_NeedsLock(holder, limits, tokens, now);
    }

    private LimitDecision Enter_NeedsLock(LimitHolder holder, LimitNumbers limits, long tokens, TimeSpan now)
    {
        long entry = holder.Enter(limits, now);
        Metering? metering = null;
        if (limits.TokensPerMinute > 0)
        {
            metering = new Metering("", new TokenStake(holder, limits.TokensPerMinute), default, default, default);
            metering.Hold(new Spend(0, tokens), now);
        }

        return new LimitDecision(new Reservation(this, new CallHolders(holder, null, null, null), metering) { Entry = entry }, null, holder.Report(limits, now));
    }

    /// <summary>Nobody overtakes those who wait.</summary>
    private static Shortage Check_NeedsLock(LimitHolder holder, LimitNumbers limits, long tokens, TimeSpan now)
    {
        Shortage shortage = holder.Check(limits, tokens, now);
        return shortage.IsNone && limits.MaxParallel > 0 && holder.Queue is { Count: > 0 }
            ? new Shortage(ShortageKind.Parallel, limits.MaxParallel, TimeSpan.Zero)
            : shortage;
    }

    private static LimitDecision Refused(string llm, Shortage shortage, RateReport rate) =>
        new(Hold.None, (shortage with { Owner = "LLM", Name = llm }).ToError(), rate);

    private static bool TryLeave_NeedsLock(WaitingPlace waiting)
    {
        if (waiting.Place_NeedsLock is not { } place)
        {
            return false;
        }

        waiting.Holder.Queue!.Remove(place);
        waiting.Place_NeedsLock = null;
        return true;
    }

    private LimitHolder Find_NeedsLock(string llm, TimeSpan now)
    {
        if (now - _swept >= SweepEvery)
        {
            _swept = now;
            LimitHolder.Sweep(_llms, now);
        }

        return LimitHolder.Find(_llms, llm);
    }

    private TimeSpan Now() => time.GetElapsedTime(_start);
}
