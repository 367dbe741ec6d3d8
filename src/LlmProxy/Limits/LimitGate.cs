using LlmProxy.Configuration.Options;

namespace LlmProxy.Limits;

/// <summary>
/// May this call start now? One atomic reservation over gateway, workspace and key; an LLM's own limits are the bulkhead's.
/// Counts are kept by name and outlive a reload; the numbers come with each call from the snapshot it took.
/// </summary>
internal sealed class LimitGate : IPlaces, IDisposable
{
    /// <summary>Each waiting call holds a connection and perhaps a body: beyond this many the next one is refused.</summary>
    public const int MaxWaiting = 4096;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    // One lock for all: what stands under it takes less time than taking three locks in order would.
    private readonly Lock _lock = new();
    private readonly LimitHolder _gateway = new();
    private readonly Dictionary<string, LimitHolder> _workspaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LimitHolder> _keys = new(StringComparer.Ordinal);
    private readonly LinkedList<WaitingCall> _queue = new();
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _nextRoom;
    private TimeSpan _nextRoomAt = TimeSpan.MaxValue;
    private TimeSpan _swept;

    public LimitGate(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        _nextRoom = time.CreateTimer(static state => ((LimitGate)state!).OnRoom(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Calls that wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Names that are remembered because they have calls running or begun in the last minute.</summary>
    public int Remembered
    {
        get
        {
            lock (_lock)
            {
                return _workspaces.Count + _keys.Count;
            }
        }
    }

    /// <summary>Admits the call, lets it wait its turn, or refuses it. Throws OperationCanceledException when the client leaves the queue.</summary>
    public ValueTask<LimitDecision> ReserveAsync(in LimitSubject subject, CancellationToken cancellation)
    {
        if (subject.IsUnlimited)
        {
            return new ValueTask<LimitDecision>(LimitDecision.Unlimited);
        }

        WaitingCall call;
        lock (_lock)
        {
            TimeSpan now = Now();
            Sweep_NeedsLock(now);
            AdmitWaiting_NeedsLock(now); // Room that the clock has just made belongs to those who wait.
            Shortage shortage = TryAdmit_NeedsLock(subject, now, out LimitDecision decision);
            if (shortage.IsNone || shortage.Wait >= subject.MaxWait || _queue.Count >= MaxWaiting)
            {
                return new ValueTask<LimitDecision>(shortage.IsNone ? decision : decision with { Refusal = shortage.ToError() });
            }

            call = new WaitingCall(subject, now);
            call.Place_NeedsLock = _queue.AddLast(call);
            Wake_NeedsLock(shortage, now);
        }

        return WaitAsync(call, cancellation);
    }

    /// <summary>Called by the reservation itself.</summary>
    public void Release(Reservation reservation)
    {
        lock (_lock)
        {
            reservation.Leave_NeedsLock();
            AdmitWaiting_NeedsLock(Now());
        }
    }

    public void Dispose() => _nextRoom.Dispose();

    /// <summary>How a key stands now: for the one who holds it.</summary>
    public KeyStanding Standing(KeyOptions key, WorkspaceOptions? workspace) => throw new NotImplementedException($"{key.Name} {workspace?.Name}");

    private async ValueTask<LimitDecision> WaitAsync(WaitingCall call, CancellationToken cancellation)
    {
        // Both may fire before they are even stored here: leaving twice changes nothing.
        using ITimer deadline = _time.CreateTimer(_ => GiveUp(call), null, call.Subject.MaxWait, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration gone = cancellation.UnsafeRegister((_, token) => Abandon(call, token), null);
        return await call.Task;
    }

    private void GiveUp(WaitingCall call)
    {
        LimitDecision decision;
        lock (_lock)
        {
            if (call.Place_NeedsLock is null)
            {
                return;
            }

            TimeSpan now = Now();
            AdmitWaiting_NeedsLock(now);
            if (call.Place_NeedsLock is null)
            {
                return;
            }

            Shortage shortage = TryAdmit_NeedsLock(call.Subject, now, out decision);
            Leave_NeedsLock(call);
            decision = decision with
            {
                Refusal = shortage.IsNone ? null : shortage.ToError(),
                WaitedMs = call.WaitedMs(now),
            };
        }

        call.SetResult(decision);
    }

    private void Abandon(WaitingCall call, CancellationToken token)
    {
        lock (_lock)
        {
            if (call.Place_NeedsLock is null)
            {
                return;
            }

            Leave_NeedsLock(call);
        }

        call.SetCanceled(token);
    }

    private void Leave_NeedsLock(WaitingCall call)
    {
        _queue.Remove(call.Place_NeedsLock!);
        call.Place_NeedsLock = null;
    }

    /// <summary>First come, first served; a call whose own key is full does not hold up those behind it.</summary>
    private void AdmitWaiting_NeedsLock(TimeSpan now)
    {
        WaitingCall? full = null;
        LinkedListNode<WaitingCall>? next = _queue.First;
        while (next is { } place)
        {
            next = place.Next;
            WaitingCall call = place.Value;
            if (full is not null && ReferenceEquals(call.Subject.Key, full.Subject.Key))
            {
                continue; // Its key was found full a moment ago.
            }

            Shortage shortage = TryAdmit_NeedsLock(call.Subject, now, out LimitDecision decision);
            if (shortage.IsNone)
            {
                Leave_NeedsLock(call);
                call.SetResult(decision with { WaitedMs = call.WaitedMs(now) });
                continue;
            }

            Wake_NeedsLock(shortage, now);
            full = call;
            if (shortage.Owner is null)
            {
                return; // The gateway itself is full: nobody behind can pass either.
            }
        }
    }

    private Shortage TryAdmit_NeedsLock(in LimitSubject subject, TimeSpan now, out LimitDecision decision)
    {
        LimitHolder? gateway = subject.Gateway.IsUnlimited ? null : _gateway;
        LimitHolder? workspace = subject.WorkspaceLimits.IsUnlimited ? null : LimitHolder.Find(_workspaces, subject.Workspace);
        LimitHolder? key = subject.KeyLimits.IsUnlimited ? null : LimitHolder.Find(_keys, subject.Key);

        Shortage shortage = gateway?.Check(subject.Gateway, now) ?? default;
        shortage = shortage.Or((workspace?.Check(subject.WorkspaceLimits, now) ?? default) with { Owner = "workspace", Name = subject.Workspace });
        shortage = shortage.Or((key?.Check(subject.KeyLimits, now) ?? default) with { Owner = "key", Name = subject.Key });

        Hold reservation = Hold.None;
        if (shortage.IsNone)
        {
            gateway?.Enter(subject.Gateway, now);
            workspace?.Enter(subject.WorkspaceLimits, now);
            key?.Enter(subject.KeyLimits, now);
            reservation = new Reservation(this, gateway, workspace, key);
        }

        RateReport rate = gateway?.Report(subject.Gateway, now) ?? default;
        rate = rate.Tighter(workspace?.Report(subject.WorkspaceLimits, now) ?? default);
        rate = rate.Tighter(key?.Report(subject.KeyLimits, now) ?? default);
        decision = new LimitDecision(reservation, null, rate);
        return shortage;
    }

    /// <summary>A holder without running calls and without calls in the last minute knows nothing that a new one would not.</summary>
    private void Sweep_NeedsLock(TimeSpan now)
    {
        if (now - _swept < SweepEvery)
        {
            return;
        }

        _swept = now;
        LimitHolder.Sweep(_workspaces, now);
        LimitHolder.Sweep(_keys, now);
    }

    /// <summary>Sets the timer for the moment at which the clock alone makes room; a parallel limit is freed by a call that ends.</summary>
    private void Wake_NeedsLock(Shortage shortage, TimeSpan now)
    {
        if (shortage.Kind != ShortageKind.Requests || now + shortage.Wait >= _nextRoomAt)
        {
            return;
        }

        _nextRoomAt = now + shortage.Wait;
        // Timers count whole milliseconds: rounded down it would fire before there is room.
        _nextRoom.Change(TimeSpan.FromMilliseconds(Math.Ceiling(shortage.Wait.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    private void OnRoom()
    {
        lock (_lock)
        {
            _nextRoomAt = TimeSpan.MaxValue;
            AdmitWaiting_NeedsLock(Now());
        }
    }

    private TimeSpan Now() => _time.GetElapsedTime(_start);
}
