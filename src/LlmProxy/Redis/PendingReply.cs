namespace LlmProxy.Redis;

/// <summary>What Redis said to one question.</summary>
/// <param name="IsThere">False: an error, or nothing in time.</param>
internal readonly record struct Reply<T>(bool IsThere, T Value, string? Error);

/// <summary>
/// One question to Redis. Whoever waits gets the reply, or nothing once Redis has been silent for too long: the client's own
/// asynchronous calls would wait for ever, and would run what follows on the thread that reads all replies.
/// </summary>
internal sealed class PendingReply<T> : TaskCompletionSource<Reply<T>>, IThreadPoolWorkItem
{
    private readonly Uptime _uptime;
    private readonly long _sentAt;
    private readonly ITimer _timer;
    private long _dueAt;
    private bool _isDoubted;

    public PendingReply(Uptime uptime)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        _uptime = uptime;
        ReplyClock clock = uptime.Clock;
        _sentAt = clock.Time.GetTimestamp();
        _dueAt = clock.DueIn(clock.Patience);
        _timer = clock.Time.CreateTimer(static state => ((PendingReply<T>)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(clock.Patience, Timeout.InfiniteTimeSpan); // Not before the field is set: it may fire at once.
    }

    /// <summary>The client's task is over, perhaps long after anybody waited for it.</summary>
    public void Complete(Task<T> reply)
    {
        _timer.Dispose();
        _uptime.Leave();
        if (reply.IsCompletedSuccessfully)
        {
            _uptime.Clock.Heard();
            TrySetResult(new Reply<T>(true, reply.Result, null));
        }
        else
        {
            TrySetResult(new Reply<T>(false, default!, RedisFailure.Describe(reply.Exception?.InnerException)));
        }
    }

    private void OnTimer()
    {
        if (Task.IsCompleted)
        {
            return;
        }

        TimeSpan more = _uptime.Clock.MoreTime(_sentAt, Volatile.Read(ref _dueAt));
        if (more > TimeSpan.Zero)
        {
            WaitOn(more);
            return;
        }

        // The reply may be here and stand in line for a thread: whoever stands at the end of that line sees how long it is.
        Volatile.Write(ref _dueAt, _uptime.Clock.DueIn(TimeSpan.Zero));
        _uptime.Line(this);
    }

    /// <summary>The end of the line is reached.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (Task.IsCompleted)
        {
            return;
        }

        TimeSpan more = _uptime.Clock.MoreTime(_sentAt, Volatile.Read(ref _dueAt));
        if (more > TimeSpan.Zero)
        {
            _isDoubted = false;
            WaitOn(more);
        }
        else if (!_isDoubted && _uptime.Clock.IsWorthASecondLook(_sentAt))
        {
            _isDoubted = true;
            WaitOn(ReplyClock.SecondLook);
        }
        else if (TrySetResult(default))
        {
            _timer.Dispose();
            _uptime.Fail($"it was silent for {_uptime.Clock.Patience.TotalMilliseconds:0} ms while a call waited");
        }
    }

    private void WaitOn(TimeSpan more)
    {
        Volatile.Write(ref _dueAt, _uptime.Clock.DueIn(more));
        _timer.Change(more, Timeout.InfiniteTimeSpan);
    }
}
