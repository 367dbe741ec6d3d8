using System.Diagnostics;

namespace LlmProxy.Benchmarks.Load;

/// <summary>Keeps a fixed number of calls running: each connection asks again as soon as it is answered.</summary>
internal sealed class SteadyLoad : LoadLoop
{
    private readonly PriorityQueue<int, long> _starts = new();

    /// <param name="spread">Starts are spread at random over this time, so that paced streams do not tick together.</param>
    public SteadyLoad(int port, byte[] request, Expectation expected, int connections, TimeSpan spread, Random random)
        : base(port, request, expected)
    {
        long now = Stopwatch.GetTimestamp();
        for (int i = 0; i < connections; i++)
        {
            _starts.Enqueue(i, now + (long)(random.NextDouble() * spread.TotalSeconds * Stopwatch.Frequency));
        }
    }

    protected override long StartDue(long now)
    {
        while (_starts.TryPeek(out _, out long due))
        {
            if (due > now)
            {
                return due;
            }
            _starts.Dequeue();
            StartCall(OpenConnection());
        }
        return long.MaxValue;
    }

    protected override void OnAnswered(int slot) => StartCall(slot);

    protected override void OnFailed() => _starts.Enqueue(0, Stopwatch.GetTimestamp());
}
