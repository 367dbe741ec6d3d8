using System.Diagnostics;

namespace LlmProxy.Benchmarks.Load;

/// <summary>Starts calls by the clock, whether or not earlier ones were answered, so that a slow answer hides nothing.</summary>
internal sealed class ScheduledLoad(int port, byte[] request, Expectation expected, double callsPerSecond, Random random)
    : LoadLoop(port, request, expected)
{
    private readonly Stack<int> _idle = new();
    private long _next = Stopwatch.GetTimestamp();

    protected override long StartDue(long now)
    {
        while (_next <= now)
        {
            StartCall(_idle.TryPop(out int slot) ? slot : OpenConnection());
            // Between half and one and a half of the mean, so that starts never march in step with the chunks.
            _next += (long)((0.5 + random.NextDouble()) / callsPerSecond * Stopwatch.Frequency);
        }
        return _next;
    }

    protected override void OnAnswered(int slot) => _idle.Push(slot);

    protected override void OnFailed()
    {
    }
}
