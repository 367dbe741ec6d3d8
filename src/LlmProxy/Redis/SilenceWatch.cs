namespace LlmProxy.Redis;

/// <summary>
/// Tells when Redis has been silent for too long. Replies come in the order of the questions, so one clock that looks at the
/// oldest open one serves all.
/// </summary>
internal sealed class SilenceWatch : IThreadPoolWorkItem, IDisposable
{
    private readonly Uptime _uptime;
    private readonly Func<long?> _oldest;
    private readonly Action<string> _giveUp;
    private readonly ITimer _timer;
    private long _dueAt;
    private int _isOn;
    private bool _isDoubted;

    /// <param name="uptime">Whose clock knows when something was heard.</param>
    /// <param name="oldest">When the oldest open question was sent; null: there is none.</param>
    /// <param name="giveUp">What is done with the reason when it was silent for too long.</param>
    public SilenceWatch(Uptime uptime, Func<long?> oldest, Action<string> giveUp)
    {
        (_uptime, _oldest, _giveUp) = (uptime, oldest, giveUp);
        _timer = uptime.Clock.Time.CreateTimer(static watch => ((SilenceWatch)watch!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something was asked.</summary>
    public void Watch()
    {
        if (Volatile.Read(ref _isOn) == 0 && Interlocked.Exchange(ref _isOn, 1) == 0)
        {
            WaitOn(_uptime.Clock.Patience);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        if (HowLong() is { } more)
        {
            if (more > TimeSpan.Zero)
            {
                WaitOn(more);
                return;
            }

            // The reply may be here and stand in line for a thread: whoever stands at the end of that line sees how long it is.
            Volatile.Write(ref _dueAt, _uptime.Clock.DueIn(TimeSpan.Zero));
            _uptime.Line(this);
        }
    }

    /// <summary>The end of the line is reached.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (HowLong() is not { } more)
        {
            return;
        }

        if (more > TimeSpan.Zero)
        {
            _isDoubted = false;
            WaitOn(more);
        }
        else if (!_isDoubted && _oldest() is { } sentAt && _uptime.Clock.IsWorthASecondLook(sentAt))
        {
            _isDoubted = true;
            WaitOn(ReplyClock.SecondLook);
        }
        else
        {
            _giveUp($"it was silent for {_uptime.Clock.Patience.TotalMilliseconds:0} ms while a call waited");
        }
    }

    /// <summary>How much longer to wait; null: nobody does, and the clock is off.</summary>
    private TimeSpan? HowLong()
    {
        long? oldest = _oldest();
        if (oldest is null)
        {
            _isDoubted = false;
            Volatile.Write(ref _isOn, 0);
            oldest = _oldest();
            if (oldest is null || Interlocked.Exchange(ref _isOn, 1) == 1)
            {
                return null; // Whoever asked meanwhile has turned it on again.
            }
        }

        return _uptime.Clock.MoreTime(oldest.Value, Volatile.Read(ref _dueAt));
    }

    private void WaitOn(TimeSpan more)
    {
        Volatile.Write(ref _dueAt, _uptime.Clock.DueIn(more));
        _timer.Change(more, Timeout.InfiniteTimeSpan);
    }
}
