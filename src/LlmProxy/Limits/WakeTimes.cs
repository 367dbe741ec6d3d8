namespace LlmProxy.Limits;

/// <summary>When the clock alone will make room, and with whom. Needs the gate's lock, except for the timer's call.</summary>
internal sealed class WakeTimes : IDisposable
{
    private readonly PriorityQueue<LimitHolder, TimeSpan> _times = new();
    private readonly ITimer _timer;
    private TimeSpan _next = TimeSpan.MaxValue;

    public WakeTimes(TimeProvider time, Action onDue) =>
        _timer = time.CreateTimer(static state => ((Action)state!)(), onDue, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Only the earliest time of a holder counts; TimeSpan.MaxValue: the clock makes no room there.</summary>
    public void Add(LimitHolder holder, TimeSpan at, TimeSpan now)
    {
        Parking parking = holder.Parking ??= new Parking();
        if (at >= parking.WakeAt)
        {
            return;
        }

        parking.WakeAt = at;
        _times.Enqueue(holder, at);
        Set(now);
    }

    /// <summary>Null: nobody's time has come. The timer is then set for the next one.</summary>
    public LimitHolder? TakeDue(TimeSpan now)
    {
        while (_times.TryPeek(out LimitHolder? holder, out TimeSpan at) && at <= now)
        {
            _times.Dequeue();
            if (holder.Parking!.WakeAt == at)
            {
                holder.Parking.WakeAt = TimeSpan.MaxValue;
                return holder;
            }
        }

        _next = TimeSpan.MaxValue;
        Set(now);
        return null;
    }

    public void Dispose() => _timer.Dispose();

    private void Set(TimeSpan now)
    {
        if (_times.TryPeek(out _, out TimeSpan at) && at < _next)
        {
            _next = at;

            // Timers count whole milliseconds: rounded down it would fire before there is room.
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, (at - now).TotalMilliseconds))), Timeout.InfiniteTimeSpan);
        }
    }
}
