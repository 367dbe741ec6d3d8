namespace LlmProxy.Routing;

/// <summary>When a breaker opens, and for how long: that many failures which are at least half of the calls of the last seconds.</summary>
internal readonly record struct BreakerRule(int Failures, int Seconds);

internal enum BreakerState
{
    Closed,
    HalfOpen,
    Open,
}

/// <summary>What one call said about the health of what it called.</summary>
internal enum CallSign
{
    /// <summary>It works.</summary>
    Good,

    /// <summary>It does not.</summary>
    Bad,

    /// <summary>Nothing either way: the caller's own mistake, a rate limit, a client that left.</summary>
    None,
}

/// <summary>
/// Keeps calls away from what fails. Polly's breaker counts a ratio of a least number of calls, wants two calls at least
/// and learns of a call only when it is over; this one counts failures as the contract does and hears of a stream's
/// success at its first output.
/// </summary>
internal sealed class Breaker(TimeProvider time)
{
    private const int Slices = 10;

    private readonly Lock _gate = new();
    private readonly int[] _calls = new int[Slices];
    private readonly int[] _failures = new int[Slices];
    private long _slice;
    private long _openedAt;
    private bool _isOpen;
    private bool _isProbed;

    public BreakerState State(BreakerRule rule)
    {
        lock (_gate)
        {
            return !_isOpen ? BreakerState.Closed : RestLeft_NeedsLock(rule) > TimeSpan.Zero ? BreakerState.Open : BreakerState.HalfOpen;
        }
    }

    /// <summary>Whether a call could begin now; takes no probe.</summary>
    public bool MayTry(BreakerRule rule)
    {
        if (!Volatile.Read(ref _isOpen))
        {
            return true;
        }

        lock (_gate)
        {
            return !_isOpen || (RestLeft_NeedsLock(rule) <= TimeSpan.Zero && !_isProbed);
        }
    }

    /// <summary>How long it stays open; zero when a call may be tried.</summary>
    public TimeSpan RestLeft(BreakerRule rule)
    {
        lock (_gate)
        {
            return _isOpen ? RestLeft_NeedsLock(rule) : TimeSpan.Zero;
        }
    }

    /// <summary>False while it is open. After its rest one call is let through as a probe; each call that enters must be recorded once.</summary>
    public bool TryEnter(BreakerRule rule, out bool isProbe)
    {
        isProbe = false;
        if (!Volatile.Read(ref _isOpen))
        {
            return true;
        }

        lock (_gate)
        {
            if (!_isOpen)
            {
                return true;
            }

            if (RestLeft_NeedsLock(rule) > TimeSpan.Zero || _isProbed)
            {
                return false;
            }

            isProbe = _isProbed = true;
            return true;
        }
    }

    /// <summary>True when this call opened it or closed it.</summary>
    public bool Record(BreakerRule rule, bool isProbe, CallSign sign)
    {
        lock (_gate)
        {
            if (isProbe)
            {
                _isProbed = false;
            }

            if (sign == CallSign.None)
            {
                return false;
            }

            if (_isOpen)
            {
                return isProbe && EndRest_NeedsLock(sign);
            }

            Turn_NeedsLock(rule);
            int now = (int)(_slice % Slices);
            _calls[now]++;
            if (sign == CallSign.Good)
            {
                return false;
            }

            _failures[now]++;
            int failures = _failures.Sum();
            if (failures < rule.Failures || failures * 2 < _calls.Sum())
            {
                return false;
            }

            Open_NeedsLock();
            return true;
        }
    }

    private bool EndRest_NeedsLock(CallSign sign)
    {
        if (sign == CallSign.Bad)
        {
            Open_NeedsLock();
            return true;
        }

        Volatile.Write(ref _isOpen, false);
        return true;
    }

    private void Open_NeedsLock()
    {
        Volatile.Write(ref _isOpen, true);
        _openedAt = time.GetTimestamp();
        Array.Clear(_calls);
        Array.Clear(_failures);
    }

    /// <summary>Forgets the slices of time that have gone by.</summary>
    private void Turn_NeedsLock(BreakerRule rule)
    {
        long slice = (long)(time.GetTimestamp() * (double)Slices / (time.TimestampFrequency * (double)rule.Seconds));
        for (long gone = Math.Max(_slice + 1, slice - Slices + 1); gone <= slice; gone++)
        {
            _calls[gone % Slices] = _failures[gone % Slices] = 0;
        }

        _slice = Math.Max(_slice, slice);
    }

    private TimeSpan RestLeft_NeedsLock(BreakerRule rule)
    {
        TimeSpan left = TimeSpan.FromSeconds(rule.Seconds) - time.GetElapsedTime(_openedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
