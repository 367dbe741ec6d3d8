using LlmProxy.Pipeline;

namespace LlmProxy.Limits;

/// <content>Those who wait: who is tried next when there may be room.</content>
internal sealed partial class LimitGate
{
    private static readonly GatewayError QueueIsFull = new(
        ErrorCode.TooManyParallelRequests, $"{MaxWaiting} calls wait for their turn already, as many as the gateway lets wait. Try again in a moment.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
        LimitedBy = "queue",
    };

    private static readonly GatewayError StillBehindOthers = new(
        ErrorCode.TooManyParallelRequests, "The call has waited as long as it may (LlmProxy:Limits:QueueSeconds), and others are before it still. Try again in a moment.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
        LimitedBy = "queue",
    };

    private long _came;

    /// <summary>There may be room somewhere: tries whoever's turn it is, until nobody who could be tried is left.</summary>
    private void Room_NeedsLock(TimeSpan now)
    {
        if (_shared.IsConfigured && _shared.IsUp)
        {
            Pump_NeedsLock();
            return;
        }

        while (_queue.Next is { } call)
        {
            if (_shared.IsConfigured && call.Subject.NeedsStore)
            {
                Leave_NeedsLock(call, new LimitDecision(Hold.None, StoreIsAway, default), now);
                continue;
            }

            Shortage shortage = TryEnter_NeedsLock(call.Subject, now, out LimitDecision decision);
            if (shortage.IsNone || shortage.IsFinal)
            {
                Leave_NeedsLock(call, _shared.IsConfigured ? Followed(call.Subject, decision) : decision, now);
            }
            else if (!Park_NeedsLock(call, shortage, shortage.Wait > TimeSpan.Zero ? now + shortage.Wait : TimeSpan.MaxValue, now))
            {
                return; // The gateway itself is full: nobody behind can pass either.
            }
        }
    }

    private void Leave_NeedsLock(WaitingCall call, in LimitDecision decision, TimeSpan now)
    {
        LimitHolder? key = _book.Find(call.Subject, now).Key;
        if (decision.IsAdmitted)
        {
            _queue.Served(call);
        }
        else
        {
            _queue.Remove(call);
        }

        call.SetResult(decision with { WaitedMs = call.WaitedMs(now) });
        _queue.Wake(key); // Where one had room, others of its key may have.
    }

    /// <summary>Puts those aside who cannot pass until this holder has room. False: it is the gateway, and nobody can.</summary>
    private bool Park_NeedsLock(WaitingCall call, in Shortage shortage, TimeSpan wakeAt, TimeSpan now)
    {
        CallHolders holders = _book.Find(call.Subject, now);
        WaitingLane lane = call.Lane_NeedsLock!;
        LimitHolder? full = shortage.Owner switch
        {
            Shortage.OwnerWorkspace => holders.Workspace,
            Shortage.OwnerKey => holders.Key,
            Shortage.OwnerUser => holders.User,
            _ => null,
        };
        call.LastShortage = shortage;
        if (full is null)
        {
            _wakes.Add(_book.Gateway, wakeAt, now);
            return false;
        }

        if (shortage.Owner == Shortage.OwnerWorkspace)
        {
            _queue.Park(lane.Space, full);
        }
        else
        {
            _queue.Park(lane, full);
            if (full != holders.Key)
            {
                _queue.Wake(holders.Key); // It was its user that is full: others of the key may pass.
            }
        }

        _wakes.Add(full, wakeAt, now);
        return true;
    }

    /// <summary>Stands in line, and is often let in at once.</summary>
    private ValueTask<LimitDecision> Queue_NeedsLock(in LimitSubject subject, TimeSpan now, CancellationToken cancellation)
    {
        if (_queue.Count >= MaxWaiting)
        {
            return new ValueTask<LimitDecision>(new LimitDecision(Hold.None, QueueIsFull, default));
        }

        var call = new WaitingCall(subject, now, ++_came);
        _queue.Add(call, _book.Find(subject, now).Key);
        Room_NeedsLock(now);
        if (call.Lane_NeedsLock is null)
        {
            return new ValueTask<LimitDecision>(call.Task);
        }

        if (!_shared.IsConfigured && Judge_NeedsLock(subject, now, out LimitDecision decision) is { IsNone: false } shortage && !MayWait(subject, shortage))
        {
            _queue.Remove(call);
            return new ValueTask<LimitDecision>(decision);
        }

        return WaitAsync(call, cancellation);
    }

    private async ValueTask<LimitDecision> WaitAsync(WaitingCall call, CancellationToken cancellation)
    {
        // Both may fire before they are even stored here: leaving twice changes nothing.
        using ITimer deadline = _time.CreateTimer(_ => GiveUp(call), null, call.Subject.MaxWait, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration gone = cancellation.UnsafeRegister((_, token) => Abandon(call, token), null);
        return await call.Task;
    }

    private void Abandon(WaitingCall call, CancellationToken token)
    {
        lock (_lock)
        {
            if (call.Lane_NeedsLock is null)
            {
                return;
            }

            _queue.Remove(call);
            Room_NeedsLock(Now()); // Whoever stood behind it may have room.
        }

        call.SetCanceled(token);
    }

    private void GiveUp(WaitingCall call)
    {
        lock (_lock)
        {
            TimeSpan now = Now();
            if (call.Lane_NeedsLock is not null && !_shared.IsConfigured)
            {
                Room_NeedsLock(now);
            }

            if (call.Lane_NeedsLock is null)
            {
                return;
            }

            LimitDecision decision = new(Hold.None, StillBehindOthers, default);
            Shortage shortage = call.LastShortage;
            if (!_shared.IsConfigured)
            {
                // There may be room that others before it cannot use.
                shortage = TryEnter_NeedsLock(call.Subject, now, out decision);
            }

            _queue.Remove(call);
            call.SetResult(decision with
            {
                Refusal = shortage.IsNone ? decision.Refusal : shortage.ToError(),
                WaitedMs = call.WaitedMs(now),
            });
            Room_NeedsLock(now);
        }
    }

    /// <summary>The clock has made room with these.</summary>
    private void OnClock()
    {
        lock (_lock)
        {
            TimeSpan now = Now();
            while (_wakes.TakeDue(now) is { } holder)
            {
                _queue.Wake(holder);
            }

            Room_NeedsLock(now);
        }
    }
}
