namespace LlmProxy.Limits;

/// <summary>What the gateway, one workspace, one key, one user of a key or one LLM has running and has begun in the last minute.</summary>
internal sealed class LimitHolder
{
    private SlidingWindow? _requests;
    private SlidingWindow? _tokens;

    private int _calls; // Those that take no place as well: it is not forgotten while they run.

    /// <summary>Places that are taken.</summary>
    public int Running { get; private set; }

    /// <summary>Calls that wait for a place at this LLM, first come first served; null until one has had to.</summary>
    public LinkedList<WaitingPlace>? Queue { get; set; }

    /// <summary>Those in the fair queue whose next call lacks room here; null until one has had to.</summary>
    public Parking? Parking { get; set; }

    public static LimitHolder Find<TName>(Dictionary<TName, LimitHolder> holders, TName name)
        where TName : notnull
    {
        if (!holders.TryGetValue(name, out LimitHolder? holder))
        {
            holder = new LimitHolder();
            holders.Add(name, holder);
        }

        return holder;
    }

    /// <summary>Forgets those without running calls and without calls in the last minute: they know nothing that a new one would not.</summary>
    public static void Sweep<TName>(Dictionary<TName, LimitHolder> holders, TimeSpan now)
        where TName : notnull
    {
        foreach ((TName name, LimitHolder holder) in holders)
        {
            if (holder.IsIdle(now))
            {
                holders.Remove(name);
            }
        }
    }

    public bool IsIdle(TimeSpan now) => _calls == 0 && Queue is not { Count: > 0 } && Parking is not { IsEmpty: false }
        && (_requests is null || _requests.Sum(now) == 0) && (_tokens is null || _tokens.Sum(now) == 0);

    /// <summary>Returns the name of its entry in the minute; 0 where calls are not counted.</summary>
    public long Enter(in LimitNumbers limits, TimeSpan now, bool takesPlace = true)
    {
        _calls++;
        Running += takesPlace ? 1 : 0;
        return limits.RequestsPerMinute > 0 ? (_requests ??= new SlidingWindow()).Add(now, limits.RequestsPerMinute) : 0;
    }

    /// <summary>A call that was entered and did not begin after all leaves its minute.</summary>
    public void GiveBack(long entry, TimeSpan now) => _requests?.Correct(now, entry, -1);

    public void Leave(bool hadPlace = true)
    {
        _calls--;
        Running -= hadPlace ? 1 : 0;
    }

    /// <summary>Takes tokens of the minute, whether there is room or not; returns the entry's name.</summary>
    public long TakeTokens(long tokens, long limit, TimeSpan now) => (_tokens ??= new SlidingWindow()).Add(now, limit, tokens);

    /// <summary>As <see cref="SlidingWindow.Correct"/>.</summary>
    public long? CorrectTokens(long entry, long by, TimeSpan now) => _tokens!.Correct(now, entry, by);

    /// <summary>What stands in the way of one more call, if anything does.</summary>
    /// <param name="limits">What this holder may do.</param>
    /// <param name="tokens">What the call may take; 0 where it takes none (its answer is known).</param>
    /// <param name="now">On the gate's clock.</param>
    public Shortage Check(in LimitNumbers limits, long tokens, TimeSpan now)
    {
        if (limits.TokensPerMinute > 0 && tokens > limits.TokensPerMinute)
        {
            return new Shortage(ShortageKind.TooLarge, limits.TokensPerMinute, TimeSpan.Zero) { Asked = tokens };
        }

        Shortage shortage = default;
        if (limits.RequestsPerMinute > 0 && _requests is not null && _requests.Sum(now) >= limits.RequestsPerMinute)
        {
            shortage = new Shortage(ShortageKind.Requests, limits.RequestsPerMinute, _requests.UntilRoom(now, limits.RequestsPerMinute));
        }

        if (limits.TokensPerMinute > 0 && tokens > 0 && _tokens is not null && _tokens.UntilRoom(now, limits.TokensPerMinute, tokens) is var wait && wait > TimeSpan.Zero)
        {
            shortage = shortage.Or(new Shortage(ShortageKind.Tokens, limits.TokensPerMinute, wait) { Asked = tokens });
        }

        return shortage.IsNone && limits.MaxParallel > 0 && Running >= limits.MaxParallel
            ? new Shortage(ShortageKind.Parallel, limits.MaxParallel, TimeSpan.Zero)
            : shortage;
    }

    public RateReport Report(in LimitNumbers limits, TimeSpan now) => Report(_requests, limits.RequestsPerMinute, now);

    public RateReport ReportTokens(in LimitNumbers limits, TimeSpan now) => Report(_tokens, limits.TokensPerMinute, now);

    private static RateReport Report(SlidingWindow? window, long limit, TimeSpan now) => limit == 0 ? default
        : window is null ? new RateReport(limit, limit, TimeSpan.Zero)
        : new RateReport(limit, Math.Max(0, limit - window.Sum(now)), window.UntilEmpty(now));
}
