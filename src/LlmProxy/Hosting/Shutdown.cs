namespace LlmProxy.Hosting;

/// <summary>Counts the running calls and says when the gateway is on its way out.</summary>
internal sealed class Shutdown(TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _forced = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _running;
    private long _lastCall;

    /// <summary>No new work is invited; what runs is finished.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Patience is over: streams end with an error event.</summary>
    public CancellationToken Forced => _forced.Token;

    public int Running => Volatile.Read(ref _running);

    public Call Begin()
    {
        Interlocked.Increment(ref _running);
        return new Call(this);
    }

    public void StartDraining() => IsDraining = true;

    public void Force() => _forced.Cancel();

    /// <summary>Whether calls have come in of late: then clients hold connections that they will use again.</summary>
    public bool WasBusyWithin(TimeSpan window) => Running > 0 || (_lastCall != 0 && time.GetElapsedTime(Volatile.Read(ref _lastCall)) < window);

    /// <summary>Completes when no call is running.</summary>
    public Task WhenIdle()
    {
        lock (_gate)
        {
            if (Running == 0)
            {
                return Task.CompletedTask;
            }

            return (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public void Dispose() => _forced.Dispose();

    private void End()
    {
        Volatile.Write(ref _lastCall, time.GetTimestamp());
        if (Interlocked.Decrement(ref _running) == 0 && IsDraining)
        {
            lock (_gate)
            {
                _idle?.TrySetResult();
                _idle = null;
            }
        }
    }

    /// <summary>One running call.</summary>
    internal readonly struct Call(Shutdown owner) : IDisposable
    {
        public void Dispose() => owner.End();
    }
}
