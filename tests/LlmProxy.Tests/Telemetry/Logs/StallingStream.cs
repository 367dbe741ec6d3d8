namespace LlmProxy.Tests.Telemetry.Logs;

/// <summary>An output that does not take a byte before it is let go.</summary>
internal sealed class StallingStream : MemoryStream
{
    private readonly ManualResetEventSlim _reached = new();
    private readonly ManualResetEventSlim _go = new();

    /// <summary>Returns when the writer hangs in it.</summary>
    public void AwaitWriter() => Assert.True(_reached.Wait(TimeSpan.FromSeconds(30)));

    public void LetGo() => _go.Set();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _reached.Set();
        _go.Wait();
        base.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        _go.Set();
        base.Dispose(disposing);
    }
}
