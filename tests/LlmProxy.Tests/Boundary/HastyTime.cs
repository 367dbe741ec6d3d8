using System.Diagnostics;

namespace LlmProxy.Tests.Boundary;

/// <summary>A clock that runs a hundred times as fast: time-outs, back-off and hedges all happen, and nobody waits for them.</summary>
internal sealed class HastyTime : TimeProvider
{
    private const int Factor = 100;

    private readonly DateTimeOffset _begun = DateTimeOffset.UnixEpoch.AddYears(56);
    private readonly long _origin = Stopwatch.GetTimestamp();

    public override long TimestampFrequency => Stopwatch.Frequency;

    public override long GetTimestamp() => (Stopwatch.GetTimestamp() - _origin) * Factor;

    public override DateTimeOffset GetUtcNow() => _begun + Stopwatch.GetElapsedTime(0, GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new HastyTimer(System.CreateTimer(callback, state, Hasten(dueTime), Hasten(period)));

    private static TimeSpan Hasten(TimeSpan span) =>
        span < TimeSpan.Zero ? span : TimeSpan.FromMilliseconds(Math.Ceiling(span.TotalMilliseconds / Factor));

    private sealed class HastyTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(Hasten(dueTime), Hasten(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
