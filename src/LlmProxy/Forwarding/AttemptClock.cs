namespace LlmProxy.Forwarding;

/// <summary>
/// The times one attempt may take. One timer serves all of them: the time to the first output (or to the whole plain
/// answer), then the longest silence between two reads. Only waiting for the vendor counts; a slow client does not.
/// A clock that cancelled nothing serves the next attempt.
/// </summary>
internal sealed class AttemptClock : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cancel = new();
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly CancellationTokenRegistration _shutdown;
    private CancellationTokenRegistration _gone;
    private CancellationTokenRegistration _superseded;
    private TimeSpan _grace;
    private bool _isGone;
    private TimeSpan _idle;
    private long _firstDueAt;
    private long _endsAt;
    private long _waitingSince;
    private bool _rests = true;

    public AttemptClock(TimeProvider time, CancellationToken shutdown)
    {
        _time = time;
        _timer = time.CreateTimer(static clock => ((AttemptClock)clock!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _shutdown = shutdown.UnsafeRegister(static clock => ((AttemptClock)clock!).Cancel(), this);
    }

    /// <summary>Ends the upstream side alone: nothing is written to the client with it.</summary>
    public CancellationToken Token => _cancel.Token;

    public bool TimedOut { get; private set; }

    /// <summary>Once nobody waits any more, the vendor is read on for its usage alone. What tells this clock so may come a moment later.</summary>
    public bool Lingers
    {
        get
        {
            lock (_gate)
            {
                return _grace != TimeSpan.Zero && !_cancel.IsCancellationRequested;
            }
        }
    }

    /// <summary>Whether it was a silence after the first output.</summary>
    public bool WasIdle { get; private set; }

    public void Start(TimeSpan untilFirst, CancellationToken clientGone, CancellationToken superseded = default)
    {
        lock (_gate)
        {
            _grace = _idle = TimeSpan.Zero;
            _isGone = false;
            _endsAt = long.MaxValue;
            _firstDueAt = _time.GetTimestamp() + (long)(untilFirst.TotalSeconds * _time.TimestampFrequency);
            _rests = false;
            _timer.Change(untilFirst, Timeout.InfiniteTimeSpan);
        }

        _gone = clientGone.UnsafeRegister(static clock => ((AttemptClock)clock!).OnGone(), this);
        _superseded = superseded.UnsafeRegister(static clock => ((AttemptClock)clock!).Cancel(), this);
    }

    /// <summary>The attempt is over. False when this clock cannot serve another: it has cancelled, or is about to.</summary>
    public bool TryRest()
    {
        _gone.Dispose();
        _superseded.Dispose();
        lock (_gate)
        {
            _rests = true;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return !TimedOut && _cancel.TryReset();
        }
    }

    /// <summary>Output has come: from here on only silence is measured, and the whole where the caller asked for that.</summary>
    public void WatchIdle(TimeSpan idle, TimeSpan? left)
    {
        lock (_gate)
        {
            _idle = idle;
            _waitingSince = _time.GetTimestamp();
            if (left is { } total)
            {
                _endsAt = _waitingSince + (long)(total.TotalSeconds * _time.TimestampFrequency);
                idle = total < idle ? total : idle;
            }

            _timer.Change(idle < TimeSpan.Zero ? TimeSpan.Zero : idle, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>How long the vendor is read on when the client leaves; infinite: to its end. Zero at first.</summary>
    public void LingerFor(TimeSpan grace)
    {
        lock (_gate)
        {
            if (!_isGone && _grace != Timeout.InfiniteTimeSpan)
            {
                _grace = grace;
            }
        }
    }

    public void Waiting() => Volatile.Write(ref _waitingSince, _time.GetTimestamp());

    public void Resting() => Volatile.Write(ref _waitingSince, 0);

    /// <summary>The vendor has said all; nothing is left to time.</summary>
    public void Stop() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _shutdown.Dispose();
        _timer.Dispose();
        _cancel.Dispose();
    }

    private void OnGone()
    {
        lock (_gate)
        {
            _isGone = true;
            if (_grace == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            if (_grace > TimeSpan.Zero)
            {
                long end = _time.GetTimestamp() + (long)(_grace.TotalSeconds * _time.TimestampFrequency);
                _endsAt = Math.Min(_endsAt, end);
                _idle = _idle == TimeSpan.Zero ? _grace : _idle;
                _timer.Change(_grace, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Cancel();
    }

    private void Cancel()
    {
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The attempt ended in the same moment.
        }
    }

    private void Ring()
    {
        lock (_gate)
        {
            if (_rests)
            {
                return;
            }

            if (_idle == TimeSpan.Zero)
            {
                // It may be the end of the attempt before, told late.
                TimeSpan left = _time.GetElapsedTime(_time.GetTimestamp(), _firstDueAt);
                if (left > TimeSpan.FromMilliseconds(1))
                {
                    _timer.Change(left, Timeout.InfiniteTimeSpan);
                    return;
                }
            }
            else
            {
                long since = Volatile.Read(ref _waitingSince);
                TimeSpan left = since == 0 ? _idle : _idle - _time.GetElapsedTime(since);
                TimeSpan total = _endsAt == long.MaxValue ? TimeSpan.MaxValue : _time.GetElapsedTime(_time.GetTimestamp(), _endsAt);
                TimeSpan next = left < total ? left : total;
                if (next > TimeSpan.FromMilliseconds(1))
                {
                    _timer.Change(next, Timeout.InfiniteTimeSpan);
                    return;
                }

                WasIdle = left <= total;
            }

            TimedOut = true;
        }

        Cancel();
    }
}
