using System.Collections.Concurrent;

namespace LlmProxy.Telemetry;

/// <summary>
/// Keeps the first measurements until the OpenTelemetry SDK listens. Building it costs more than the rest of a start,
/// so it begins with the first measurement, beside the calls, and not one of them is lost or waits for it.
/// </summary>
internal sealed class FirstUse(Action begin)
{
    private readonly ConcurrentQueue<Action> _kept = new();
    private int _begun;
    private volatile bool _hasCome;

    public bool HasCome => _hasCome;

    public void Keep(Action measurement)
    {
        _kept.Enqueue(measurement);
        Begin();
        if (_hasCome)
        {
            Replay(); // It came between the caller's look and the enqueueing.
        }
    }

    public void Begin()
    {
        if (Interlocked.Exchange(ref _begun, 1) == 0)
        {
            begin();
        }
    }

    public void Come()
    {
        _hasCome = true;
        Replay();
    }

    private void Replay()
    {
        while (_kept.TryDequeue(out Action? measurement))
        {
            measurement();
        }
    }
}
