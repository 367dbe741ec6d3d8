using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Caching;

/// <summary>
/// Stands between an answer and its client and shows the flight what passes. When the client has gone and others follow, it
/// takes the bytes all the same, and nobody behind it is written to.
/// </summary>
internal sealed class FlightTee(IHttpResponseBodyFeature client, Flight flight) : PipeWriter, IHttpResponseBodyFeature
{
    private Memory<byte> _last;
    private bool _lastIsOwn;
    private byte[] _own = [];

    public Stream Stream => client.Stream;

    public PipeWriter Writer => this;

    public override bool CanGetUnflushedBytes => client.Writer.CanGetUnflushedBytes;

    public override long UnflushedBytes => flight.IsDetached ? 0 : client.Writer.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        _lastIsOwn = flight.IsDetached;
        if (!_lastIsOwn)
        {
            return _last = client.Writer.GetMemory(sizeHint);
        }

        if (_own.Length < Math.Max(sizeHint, 1))
        {
            _own = new byte[Math.Max(sizeHint, 4096)];
        }

        return _last = _own;
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ReadOnlySpan<byte> written = _last.Span[..bytes];
        ReadOnlySpan<byte> keepAlive = flight.Leader.Endpoint.Dialect.KeepAlive;
        if (keepAlive.IsEmpty || !written.SequenceEqual(keepAlive))
        {
            flight.Note(written);
        }

        _last = _last[bytes..];
        if (!_lastIsOwn)
        {
            client.Writer.Advance(bytes);
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        flight.Publish();
        return flight.IsDetached ? new ValueTask<FlushResult>(default(FlushResult)) : FlushClientAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => client.Writer.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => client.Writer.Complete(exception);

    public void DisableBuffering() => client.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => flight.IsDetached ? Task.CompletedTask : client.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        client.SendFileAsync(path, offset, count, cancellationToken);

    public Task CompleteAsync()
    {
        flight.Publish();
        return flight.IsDetached ? Task.CompletedTask : client.CompleteAsync();
    }

    /// <summary>A client that leaves in the middle of it does not end the answer while others follow.</summary>
    private async ValueTask<FlushResult> FlushClientAsync(CancellationToken cancellationToken)
    {
        FlushResult flushed = await client.Writer.FlushAsync(cancellationToken);
        return flushed.IsCompleted && flight.MayGoOnWithoutClient() ? default : flushed;
    }
}
