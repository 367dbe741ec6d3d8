namespace LlmProxy.Limits;

/// <summary>What the gateway, one workspace, one key or one LLM has running and has begun in the last minute.</summary>
internal sealed class LimitHolder
{
    private readonly SlidingWindow _window = new();

    public int Running { get; private set; }

    /// <summary>Calls that wait for a place at this LLM, first come first served; null until one has had to.</summary>
    public LinkedList<WaitingPlace>? Queue { get; set; }

    public static LimitHolder Find(Dictionary<string, LimitHolder> holders, string name)
    {
        if (!holders.TryGetValue(name, out LimitHolder? holder))
        {
            holder = new LimitHolder();
            holders.Add(name, holder);
        }

        return holder;
    }

    /// <summary>Forgets those without running calls and without calls in the last minute: they know nothing that a new one would not.</summary>
    public static void Sweep(Dictionary<string, LimitHolder> holders, TimeSpan now)
    {
        foreach ((string name, LimitHolder holder) in holders)
        {
            if (holder.IsIdle(now))
            {
                holders.Remove(name);
            }
        }
    }

    public bool IsIdle(TimeSpan now) => Running == 0 && Queue is not { Count: > 0 } && _window.Count(now) == 0;

    public void Enter(LimitNumbers limits, TimeSpan now)
    {
        Running++;
        if (limits.RequestsPerMinute > 0)
        {
            _window.Add(now, limits.RequestsPerMinute);
        }
    }

    public void Leave() => Running--;

    /// <summary>What stands in the way of one more call, if anything does.</summary>
    public Shortage Check(LimitNumbers limits, TimeSpan now)
    {
        if (limits.RequestsPerMinute > 0 && _window.Count(now) >= limits.RequestsPerMinute)
        {
            return new Shortage(ShortageKind.Requests, limits.RequestsPerMinute, _window.UntilRoom(now, limits.RequestsPerMinute));
        }

        return limits.MaxParallel > 0 && Running >= limits.MaxParallel
            ? new Shortage(ShortageKind.Parallel, limits.MaxParallel, TimeSpan.Zero)
            : default;
    }

    public RateReport Report(LimitNumbers limits, TimeSpan now) => limits.RequestsPerMinute == 0
        ? default
        : new RateReport(
            limits.RequestsPerMinute,
            Math.Max(0, limits.RequestsPerMinute - _window.Count(now)),
            _window.UntilEmpty(now));
}
