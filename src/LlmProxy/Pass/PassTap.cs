namespace LlmProxy.Pass;

/// <summary>
/// Stands in the vendor's answer on its way through YARP's forwarder: keeps its beginning and its end, and says when the
/// last bytes are here and not yet with the client.
/// </summary>
internal sealed class PassTap(Stream vendor, long? length, Action<PassTap> atEnd) : Stream
{
    private const int Kept = 16 * 1024;

    private readonly byte[] _beginning = new byte[Kept];
    private readonly byte[] _end = new byte[2 * Kept];
    private int _beginningLength;
    private int _endLength;
    private long _read;
    private bool _hasEnded;

    public ReadOnlySpan<byte> Beginning => _beginning.AsSpan(0, _beginningLength);

    public ReadOnlySpan<byte> End => _end.AsSpan(0, _endLength);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await vendor.ReadAsync(buffer, cancellationToken);
        if (buffer.Length > 0)
        {
            Take(buffer.Span[..read]);
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            vendor.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _read += bytes.Length;
        int first = Math.Min(bytes.Length, Kept - _beginningLength);
        bytes[..first].CopyTo(_beginning.AsSpan(_beginningLength));
        _beginningLength += first;
        KeepEnd(bytes[first..]);
        if (!_hasEnded && (bytes.IsEmpty || _read == length))
        {
            _hasEnded = true;
            atEnd(this);
        }
    }

    /// <summary>The newest bytes, at least <see cref="Kept"/> of them.</summary>
    private void KeepEnd(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Kept)
        {
            bytes = bytes[^Kept..];
            _endLength = 0;
        }

        if (_endLength + bytes.Length > _end.Length)
        {
            _end.AsSpan(_endLength - Kept, Kept).CopyTo(_end);
            _endLength = Kept;
        }

        bytes.CopyTo(_end.AsSpan(_endLength));
        _endLength += bytes.Length;
    }
}
