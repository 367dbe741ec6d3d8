using System.Net;

namespace LlmProxy.Wire;

/// <summary>A body as the pieces it is sent in.</summary>
internal readonly record struct SplicedBody(ReadOnlyMemory<byte>[] Segments, long Length);

/// <summary>
/// A request body sent from where it lies: of known length, and as often as there are attempts. While it is being sent it
/// holds the call's buffer: a vendor may answer, and the call end, before all of it has been read.
/// </summary>
internal sealed class SplicedContent : HttpContent
{
    /// <summary>Small enough to be cancelled between two, large enough that no system call is wasted.</summary>
    private const int SliceBytes = 256 * 1024;

    private readonly SplicedBody _body;
    private readonly IByteOwner? _owner;

    public SplicedContent(SplicedBody body, string? contentType, IByteOwner? owner = null)
    {
        _body = body;
        _owner = owner;
        Headers.ContentLength = body.Length;
        if (contentType is not null)
        {
            Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
    }

    /// <summary>The pieces, for whoever must sign them.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Segments => _body.Segments;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_owner?.TryHold() == false)
        {
            throw new IOException("The request was let go before it was sent.");
        }

        try
        {
            foreach (ReadOnlyMemory<byte> segment in _body.Segments)
            {
                for (int at = 0; at < segment.Length; at += SliceBytes)
                {
                    await stream.WriteAsync(segment.Slice(at, Math.Min(SliceBytes, segment.Length - at)), cancellationToken);
                }
            }
        }
        finally
        {
            _owner?.LetGo();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }
}
