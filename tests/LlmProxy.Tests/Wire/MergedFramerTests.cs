using System.Buffers.Binary;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class MergedFramerTests
{
    [Fact]
    public void Event_ThatDoesNotEnd_IsToldByWhatIsHeldOfIt()
    {
        IStreamFramer framer = new MergedFramer(2, static () => new SseFramer());
        byte[] piece = Piece(1, "data: never ending ");
        int held = 0;
        for (int i = 0; i < 5; i++)
        {
            Assert.True(framer.TryRead(piece, ended: false, out int consumed, out _));
            Assert.Equal(piece.Length, consumed);
            Assert.False(framer.TryRead(default, ended: false, out _, out _));
            Assert.True(framer.Held > held);
            held = framer.Held;
        }

        Assert.Equal(5 * (piece.Length - MergedFramer.HeadBytes), held);
    }

    private static byte[] Piece(int source, string text)
    {
        byte[] piece = new byte[MergedFramer.HeadBytes + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(piece, source);
        BinaryPrimitives.WriteInt32LittleEndian(piece.AsSpan(4), text.Length);
        System.Text.Encoding.ASCII.GetBytes(text, piece.AsSpan(MergedFramer.HeadBytes));
        return piece;
    }
}
