namespace LlmProxy.Redis;

/// <summary>The time from Redis' coming up to the first failure. Whoever asks within it shares one clock, one bound and one fate.</summary>
#pragma warning disable CA1001 // Replies come after its end; neither of the two holds anything but memory.
internal sealed class Uptime(TimeProvider time, TimeSpan patience, Action<IThreadPoolWorkItem>? line = null)
#pragma warning restore CA1001
{
    /// <summary>
    /// What a hung Redis may be left with, to run when it wakes. It runs scripts one after the other and replies only after all
    /// that it has read: few on the way keep it as busy as many, and the replies coming.
    /// </summary>
    public const int MostInFlight = 32;

    private const int MostWaiting = 4096;

    private readonly TaskCompletionSource<string> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _slots = new(MostInFlight);
    private readonly long _since = time.GetTimestamp();
    private int _waiting;

    /// <summary>Puts work at the end of the line for a thread.</summary>
    public Action<IThreadPoolWorkItem> Line { get; } = line ?? (static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false));

    public ReplyClock Clock { get; } = new(time, patience);

    public TimeSpan Length => time.GetElapsedTime(_since);

    public bool IsOver => _failure.Task.IsCompleted;

    /// <summary>Completes with the reason.</summary>
    public Task<string> Failure => _failure.Task;

    /// <summary>The first failure ends it; what others in flight still learn changes nothing.</summary>
    public void Fail(string reason)
    {
        if (_failure.TrySetResult(reason))
        {
            _over.Cancel();
        }
    }

    /// <summary>A place among those in flight. False: it is over, or too many wait already.</summary>
    public ValueTask<bool> TryEnterAsync() => _slots.Wait(0) ? new ValueTask<bool>(true) : WaitAsync();

    public void Leave() => _slots.Release();

    private async ValueTask<bool> WaitAsync()
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        try
        {
            await _slots.WaitAsync(_over.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
