using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;

namespace LlmProxy.Limits;

/// <summary>
/// May this call start now? One atomic reservation over gateway, workspace, key and user, of requests, tokens, places and
/// money; an LLM's own limits are the bulkhead's. Where replicas share their counts, see the other half of this class.
/// </summary>
internal sealed partial class LimitGate : IPlaces, IDisposable
{
    /// <summary>Each waiting call holds a connection and perhaps a body: beyond this many the next one is refused.</summary>
    public const int MaxWaiting = 4096;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    // One lock for all: what stands under it takes less time than taking three locks in order would.
    private readonly Lock _lock = new();
    private readonly LimitBook _book;
    private readonly FairQueue _queue = new();
    private readonly WakeTimes _wakes;
    private readonly TimeProvider _time;
    private readonly ISharedLimits _shared;
    private readonly SpendWatch? _watch;
    private readonly long _start;
    private TimeSpan _swept;

    public LimitGate(TimeProvider time, ISharedLimits? shared = null, SpendWatch? watch = null, UserHolders? users = null)
    {
        _time = time;
        _shared = shared ?? NoSharedLimits.Instance;
        _watch = watch;
        _start = time.GetTimestamp();
        _book = new LimitBook(time, users ?? new UserHolders());
        _wakes = new WakeTimes(time, OnClock);
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
                return _book.Remembered;
            }
        }
    }

    /// <summary>Admits the call, lets it wait its turn, or refuses it. Throws OperationCanceledException when the client leaves the queue.</summary>
    public ValueTask<LimitDecision> ReserveAsync(in LimitSubject subject, CancellationToken cancellation)
    {
        if (subject.IsUnlimited && (subject.LlmLimits.IsUnlimited || !_shared.IsConfigured))
        {
            return new ValueTask<LimitDecision>(LimitDecision.Unlimited);
        }

        if (_shared.IsConfigured)
        {
            return ReserveSharedAsync(subject, cancellation);
        }

        lock (_lock)
        {
            TimeSpan now = Now();
            Sweep_NeedsLock(now);
            if (_queue.Count == 0 || subject.MaxWait <= TimeSpan.Zero)
            {
                Shortage shortage = TryEnter_NeedsLock(subject, now, out LimitDecision decision);
                if (shortage.IsNone || !MayWait(subject, shortage))
                {
                    return new ValueTask<LimitDecision>(decision);
                }
            }

            return Queue_NeedsLock(subject, now, cancellation);
        }
    }

    /// <summary>How a key stands now: for the one who holds it.</summary>
    public KeyStanding Standing(KeyOptions key, WorkspaceOptions? workspace)
    {
        lock (_lock)
        {
            TimeSpan now = Now();
            return new KeyStanding(
                _book.Standing(BudgetOwner.Key, key.Name, LimitNumbers.Of(key), BudgetNumbers.Of(key), now),
                workspace is null ? null : Standing(workspace));
        }
    }

    /// <summary>How a workspace stands now.</summary>
    public HolderStanding Standing(WorkspaceOptions workspace)
    {
        lock (_lock)
        {
            return _book.Standing(BudgetOwner.Workspace, workspace.Name, LimitNumbers.Of(workspace), BudgetNumbers.Of(workspace), Now());
        }
    }

    /// <summary>Work on the budgets' accounts by whoever seeds, keeps or shows them.</summary>
    public T WithBudgets<T>(Func<BudgetBook, T> work)
    {
        lock (_lock)
        {
            return work(_book.Budgets);
        }
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
            TimeSpan now = Now();
            if (reservation.Metering is { } metering)
            {
                metering.Settle(used, now);
                _watch?.Settled(metering, used);
            }

            ref readonly CallHolders holders = ref reservation.Holders;
            holders.Leave_NeedsLock();
            if (_queue.Count > 0)
            {
                _queue.Wake(holders.Workspace);
                _queue.Wake(holders.Key);
                _queue.Wake(holders.User);
                Room_NeedsLock(now);
            }
        }
    }

    public void Dispose() => _wakes.Dispose();

    private Shortage TryEnter_NeedsLock(in LimitSubject subject, TimeSpan now, out LimitDecision decision)
    {
        CallHolders holders = _book.Find(subject, now);
        Shortage shortage = _book.Check(subject, holders, now);
        Hold hold = shortage.IsNone ? _book.Enter(subject, holders, this, now) : Hold.None;
        decision = LimitBook.Report(subject, holders, hold, now);
        if (!shortage.IsNone)
        {
            decision = decision with { Refusal = shortage.ToError() };
        }

        return shortage;
    }

    private Shortage Judge_NeedsLock(in LimitSubject subject, TimeSpan now, out LimitDecision refusal)
    {
        CallHolders holders = _book.Find(subject, now);
        Shortage shortage = _book.Check(subject, holders, now);
        refusal = LimitBook.Report(subject, holders, Hold.None, now) with { Refusal = shortage.IsNone ? null : shortage.ToError() };
        return shortage;
    }

    private static bool MayWait(in LimitSubject subject, in Shortage shortage) => !shortage.IsFinal && shortage.Wait < subject.MaxWait;

    private void Sweep_NeedsLock(TimeSpan now)
    {
        if (now - _swept >= SweepEvery)
        {
            _swept = now;
            _book.Sweep(now);
        }
    }

    private TimeSpan Now() => _time.GetElapsedTime(_start);
}
