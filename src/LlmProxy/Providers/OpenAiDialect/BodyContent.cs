using System.Net;
using LlmProxy.Pipeline;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>A request body in pieces that lie in the call's own buffer. Holds the buffer while it is being sent: a vendor may answer before it has read all.</summary>
internal sealed class BodyContent : HttpContent
{
    private readonly RequestBody _body;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _segments;
    private readonly long _length;

    public BodyContent(RequestBody body, IReadOnlyList<ReadOnlyMemory<byte>> segments, string contentType)
    {
        _body = body;
        _segments = segments;
        foreach (ReadOnlyMemory<byte> segment in segments)
        {
            _length += segment.Length;
        }

        Headers.TryAddWithoutValidation("Content-Type", contentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (!_body.TryHold())
        {
            throw new IOException("The request was let go before it was sent.");
        }

        try
        {
            foreach (ReadOnlyMemory<byte> segment in _segments)
            {
                await stream.WriteAsync(segment, cancellationToken);
            }
        }
        finally
        {
            _body.LetGo();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
