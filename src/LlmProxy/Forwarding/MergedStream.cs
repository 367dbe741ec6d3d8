using System.Buffers;
using System.Buffers.Binary;
using System.Threading.Channels;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>
/// Several vendor streams read as one: pieces in the order they arrive, each behind a head that says whose it is
/// (<see cref="MergedFramer"/> reads them). Nothing more is read from the vendors than the client's side takes.
/// </summary>
internal sealed class MergedStream : Stream
{
    private const int PieceSize = 16 * 1024;

    private readonly Channel<Piece> _pieces;
    private readonly CancellationTokenSource _stop;
    private readonly Task[] _pumps;
    private int _open;
    private Piece _current;
    private int _at;

    public MergedStream(IReadOnlyList<Stream> vendors, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _pieces = Channel.CreateBounded<Piece>(new BoundedChannelOptions(vendors.Count * 2) { SingleReader = true });
        _open = vendors.Count;
        _pumps = [.. vendors.Select((vendor, source) => PumpAsync(vendor, source, _stop.Token))];
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_current.Bytes is null)
        {
            if (_open == 0 || !await _pieces.Reader.WaitToReadAsync(cancellationToken))
            {
                return 0;
            }

            if (buffer.IsEmpty)
            {
                return 0; // Only asked whether something is there.
            }

            if (_pieces.Reader.TryRead(out _current))
            {
                _at = 0;
                _open -= _current.Length == MergedFramer.HeadBytes ? 1 : 0;
            }
        }

        int count = Math.Min(buffer.Length, _current.Length - _at);
        _current.Bytes.AsMemory(_at, count).CopyTo(buffer);
        _at += count;
        if (_at == _current.Length && count > 0)
        {
            ArrayPool<byte>.Shared.Return(_current.Bytes);
            _current = default;
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_pumps);
        _stop.Dispose();
        await base.DisposeAsync();
    }

    private async Task PumpAsync(Stream vendor, int source, CancellationToken stop)
    {
        try
        {
            int read;
            do
            {
                byte[] piece = ArrayPool<byte>.Shared.Rent(MergedFramer.HeadBytes + PieceSize);
                read = await vendor.ReadAsync(piece.AsMemory(MergedFramer.HeadBytes), stop);
                BinaryPrimitives.WriteInt32LittleEndian(piece, source);
                BinaryPrimitives.WriteInt32LittleEndian(piece.AsSpan(4), read);
                await _pieces.Writer.WriteAsync(new Piece(piece, MergedFramer.HeadBytes + read), stop);
            }
            while (read > 0);
        }
        catch (OperationCanceledException)
        {
            // Whoever reads has its own reason to stop.
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            _pieces.Writer.TryComplete(e);
        }
        catch (ChannelClosedException)
        {
            // Another of the streams has failed already.
        }
    }

    private readonly record struct Piece(byte[]? Bytes, int Length);
}
