namespace LlmProxy.TestKit;

/// <summary>A point in a script where the upstream waits until the test lets it go on.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the upstream has come to this gate.</summary>
    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public void Open() => _opened.TrySetResult();

    /// <summary>Says that the script has come here, and waits.</summary>
    public Task PassAsync(CancellationToken cancellation)
    {
        _reached.TrySetResult();
        return _opened.Task.WaitAsync(cancellation);
    }
}
