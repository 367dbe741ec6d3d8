using LlmProxy.Configuration.Options;

namespace LlmProxy.Routing;

/// <summary>When a breaker opens, and for how long: that many failures which are at least half of the calls of the last seconds.</summary>
internal readonly record struct BreakerRule(int Failures, int Seconds)
{
    public static BreakerRule Of(ResilienceOptions options) => new(options.BreakerFailures, options.BreakerSeconds);
}

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

/// <summary>What a call's sign did to the breaker.</summary>
internal enum BreakerTurn
{
    None,
    Opened,

    /// <summary>The probe failed too: another rest begins.</summary>
    StaysOpen,
    Closed,
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
    private int _allCalls;
    private int _allFailures;
    private int _window;
    private long _slice;
    private long _openedAt;
    private long _probedAt;
    private bool _isOpen;
    private bool _isProbed;

    /// <summary>When it opened, over all the rests since; null while it is closed.</summary>
    public DateTimeOffset? OpenSince { get; private set; }

    public BreakerState State(BreakerRule rule)
    {
        lock (_gate)
        {
            return !_isOpen ? BreakerState.Closed : RestLeft_NeedsLock(rule) > TimeSpan.Zero ? BreakerState.Open : BreakerState.HalfOpen;
        }
    }

    /// <summary>Closed and without memory: what it kept calls from is another one now.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Volatile.Write(ref _isOpen, false);
            OpenSince = null;
            _isProbed = false;
            Array.Clear(_calls);
            Array.Clear(_failures);
            _allCalls = _allFailures = 0;
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
            return !_isOpen || MayProbe_NeedsLock(rule);
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

            if (!MayProbe_NeedsLock(rule))
            {
                return false;
            }

            isProbe = _isProbed = true;
            _probedAt = time.GetTimestamp();
            return true;
        }
    }

    /// <summary>One call that entered has shown how it goes.</summary>
    public BreakerTurn Record(BreakerRule rule, bool isProbe, CallSign sign)
    {
        lock (_gate)
        {
            if (isProbe)
            {
                _isProbed = false;
            }

            if (sign == CallSign.None)
            {
                return BreakerTurn.None;
            }

            if (_isOpen)
            {
                // What was sent before it opened says nothing about now.
                return isProbe ? EndRest_NeedsLock(sign) : BreakerTurn.None;
            }

            int now = Turn_NeedsLock(rule);
            _calls[now]++;
            _allCalls++;
            return sign == CallSign.Good ? BreakerTurn.None : Fail_NeedsLock(rule, now);
        }
    }

    /// <summary>A call that was recorded as good has broken after all: the same call, one failure more.</summary>
    public BreakerTurn Broke(BreakerRule rule)
    {
        lock (_gate)
        {
            return _isOpen ? BreakerTurn.None : Fail_NeedsLock(rule, Turn_NeedsLock(rule));
        }
    }

    private BreakerTurn Fail_NeedsLock(BreakerRule rule, int now)
    {
        _failures[now]++;
        _allFailures++;
        if (_allFailures < rule.Failures || _allFailures * 2 < _allCalls)
        {
            return BreakerTurn.None;
        }

        Open_NeedsLock();
        return BreakerTurn.Opened;
    }

    private BreakerTurn EndRest_NeedsLock(CallSign sign)
    {
        if (sign == CallSign.Bad)
        {
            Open_NeedsLock();
            return BreakerTurn.StaysOpen;
        }

        Volatile.Write(ref _isOpen, false);
        OpenSince = null;
        return BreakerTurn.Closed;
    }

    private void Open_NeedsLock()
    {
        OpenSince ??= time.GetUtcNow();
        _openedAt = time.GetTimestamp();
        _isProbed = false;
        Clear_NeedsLock();
        Volatile.Write(ref _isOpen, true);
    }

    /// <summary>Forgets the slices of time that have gone by; the index of the one that is now.</summary>
    private int Turn_NeedsLock(BreakerRule rule)
    {
        long slice = time.GetTimestamp() / Math.Max(1, time.TimestampFrequency * rule.Seconds / Slices);
        if (_window != rule.Seconds)
        {
            // A reload changed the rule: slices of another length cannot be compared.
            Clear_NeedsLock();
            _window = rule.Seconds;
            _slice = slice;
        }

        if (slice - _slice >= Slices)
        {
            Clear_NeedsLock();
            _slice = slice;
        }

        while (_slice < slice)
        {
            int gone = (int)(++_slice % Slices);
            _allCalls -= _calls[gone];
            _allFailures -= _failures[gone];
            _calls[gone] = _failures[gone] = 0;
        }

        return (int)(_slice % Slices);
    }

    private void Clear_NeedsLock()
    {
        Array.Clear(_calls);
        Array.Clear(_failures);
        _allCalls = _allFailures = 0;
    }

    /// <summary>One probe at a time; one that has said nothing for as long as a rest takes is not waited for.</summary>
    private bool MayProbe_NeedsLock(BreakerRule rule) =>
        RestLeft_NeedsLock(rule) <= TimeSpan.Zero && (!_isProbed || time.GetElapsedTime(_probedAt) >= TimeSpan.FromSeconds(rule.Seconds));

    private TimeSpan RestLeft_NeedsLock(BreakerRule rule)
    {
        TimeSpan left = TimeSpan.FromSeconds(rule.Seconds) - time.GetElapsedTime(_openedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
