using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class SplicedContentTests
{
    [Fact]
    public async Task CopyTo_Twice_SendsTheSameBytesInLargePieces()
    {
        byte[] large = new byte[600_000];
        new Random(1).NextBytes(large);
        using var content = new SplicedContent(new SplicedBody(["{\"model\":\"x\","u8.ToArray(), large, "}"u8.ToArray()], large.Length + 14), "application/json; charset=utf-8");
        Assert.Equal(large.Length + 14, content.Headers.ContentLength);
        Assert.Equal("application/json; charset=utf-8", Assert.Single(content.Headers.NonValidated["Content-Type"]));
        for (int attempt = 0; attempt < 2; attempt++)
        {
            using var sink = new PieceCounter();
            await content.CopyToAsync(sink, CancellationToken.None);
            Assert.Equal([.. "{\"model\":\"x\","u8, .. large, .. "}"u8], sink.ToArray());
            Assert.All(sink.Pieces[1..^2], piece => Assert.True(piece >= 64 * 1024));
        }
    }

    [Fact]
    public async Task CopyTo_CancelledBetweenTwoPieces_Stops()
    {
        using var cancellation = new CancellationTokenSource();
        using var content = new SplicedContent(new SplicedBody([new byte[10_000_000]], 10_000_000), "application/json");
        using var sink = new PieceCounter { AfterPiece = cancellation.Cancel };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => content.CopyToAsync(sink, cancellation.Token));
        Assert.Single(sink.Pieces);
    }

    private sealed class PieceCounter : MemoryStream
    {
        public List<int> Pieces { get; } = [];

        public Action? AfterPiece { get; init; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Pieces.Add(buffer.Length);
            Write(buffer.Span);
            AfterPiece?.Invoke();
            return ValueTask.CompletedTask;
        }
    }
}
