namespace LlmProxy.Tests.Boundary;

/// <summary>
/// A clock that stands still while anything happens and leaps to the next timer when nothing does: time-outs, back-off and
/// hedges all come, nobody waits for them, and a busy machine does not make vendors look slow.
/// </summary>
internal sealed class QuietTime : TimeProvider, IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    /// <summary>Timers this close to the next one fire with it.</summary>
    private static readonly TimeSpan Leap = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<QuietTimer, long> _due = new();
    private readonly ITimer _watch;
    private long _now = DateTimeOffset.UnixEpoch.AddYears(56).Ticks;
    private long _happened;
    private long _seen = -1;

    public QuietTime() => _watch = System.CreateTimer(_ => LookAround(), null, Look, Look);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new QuietTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Something goes on: time waits for it.</summary>
    public void Happened() => Interlocked.Increment(ref _happened);

    public void Dispose() => _watch.Dispose();

    private void LookAround()
    {
        long happened = Interlocked.Read(ref _happened);
        if (Interlocked.Exchange(ref _seen, happened) != happened)
        {
            return;
        }

        var firing = new List<QuietTimer>();
        lock (_gate)
        {
            long until = 0;
            while (_due.TryPeek(out QuietTimer? timer, out long at) && (until == 0 || at <= until))
            {
                _due.Dequeue();
                if (timer.DueAt != at)
                {
                    continue; // It was changed or stopped since.
                }

                until = until == 0 ? at + Leap.Ticks : until;
                _now = Math.Max(_now, at);
                timer.Rearm_NeedsLock();
                firing.Add(timer);
            }
        }

        foreach (QuietTimer timer in firing)
        {
            ThreadPool.QueueUserWorkItem(static timer => timer.Fire(), timer, preferLocal: false);
        }
    }

    private sealed class QuietTimer(QuietTime time, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private TimeSpan _period;

        public long DueAt { get; private set; }

        public void Fire()
        {
            time.Happened();
            if (_context is null)
            {
                callback(state);
            }
            else
            {
                ExecutionContext.Run(_context, static timer => ((QuietTimer)timer!).Call(), this);
            }
        }

        public void Rearm_NeedsLock()
        {
            DueAt = 0;
            if (_period > TimeSpan.Zero)
            {
                Enter_NeedsLock(_period);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time.Happened();
            lock (time._gate)
            {
                _period = period;
                DueAt = 0;
                if (dueTime >= TimeSpan.Zero)
                {
                    Enter_NeedsLock(dueTime);
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                DueAt = 0;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Call() => callback(state);

        private void Enter_NeedsLock(TimeSpan dueTime)
        {
            DueAt = time._now + dueTime.Ticks;
            time._due.Enqueue(this, DueAt);
        }
    }
}
