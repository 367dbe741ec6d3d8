namespace LlmProxy.Limits;

/// <summary>What the gateway, one workspace, one key or one LLM has running and has begun in the last minute.</summary>
internal sealed class LimitHolder
{
    private readonly SlidingWindow _window = new();

    public int Running { get; private set; }

    public bool IsIdle(TimeSpan now) => Running == 0 && _window.Count(now) == 0;

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
            return new Shortage(ShortageKind.Rate, limits.RequestsPerMinute, _window.UntilRoom(now, limits.RequestsPerMinute));
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
