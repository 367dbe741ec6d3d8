using LlmProxy.Hosting;
using Microsoft.Extensions.ObjectPool;

namespace LlmProxy.Forwarding;

/// <summary>Lends clocks to attempts: making one, with its timer and its ties, is dearer than setting it.</summary>
internal sealed class AttemptClocks : IDisposable
{
    private const int MostAtRest = 256;

    private readonly ObjectPool<AttemptClock> _resting;

    public AttemptClocks(TimeProvider time, Shutdown shutdown) =>
        _resting = new DefaultObjectPoolProvider { MaximumRetained = MostAtRest }.Create(new Policy(time, shutdown));

    public AttemptClock Start(TimeSpan untilFirst, CancellationToken clientGone, CancellationToken superseded)
    {
        AttemptClock clock = _resting.Get();
        clock.Start(untilFirst, clientGone, superseded);
        return clock;
    }

    /// <summary>Nobody may look at it afterwards: it may be another attempt's.</summary>
    public void Return(AttemptClock clock) => _resting.Return(clock);

    public void Dispose() => (_resting as IDisposable)?.Dispose();

    private sealed class Policy(TimeProvider time, Shutdown shutdown) : PooledObjectPolicy<AttemptClock>
    {
        public override AttemptClock Create() => new(time, shutdown.Forced);

        public override bool Return(AttemptClock clock) => clock.TryRest();
    }
}
