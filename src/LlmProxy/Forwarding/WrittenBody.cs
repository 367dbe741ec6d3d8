using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>A request body that the gateway wrote itself, sent as often as there are tries.</summary>
internal sealed class WrittenBody : IByteOwner, IDisposable
{
    private HoldCount _holders = new();
    private int _disposed;

    public PooledWriter Writer { get; } = new();

    public SplicedContent Content(string contentType = "application/json") =>
        new(new SplicedBody([Writer.WrittenMemory], Writer.Length), contentType, this);

    public bool TryHold() => _holders.TryHold();

    public void LetGo()
    {
        if (_holders.LetGo())
        {
            Writer.Dispose();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            LetGo();
        }
    }
}
