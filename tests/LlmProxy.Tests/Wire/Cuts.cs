using System.Text;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

/// <summary>Feeds a stream to the framer as a socket would: whole, byte by byte, and in pieces of seeded random sizes.</summary>
internal static class Cuts
{
    public delegate void OnFrame(in StreamFrame frame);

    /// <summary>The piece sizes of every way to feed a stream of this length.</summary>
    public static IEnumerable<int[]> Of(int length)
    {
        yield return [length];
        yield return [.. Enumerable.Repeat(1, length)];
        for (int seed = 1; seed <= 12; seed++)
        {
            var random = new Random(seed);
            var pieces = new List<int>();
            for (int left = length; left > 0; left -= pieces[^1])
            {
                pieces.Add(random.Next(1, Math.Min(left, seed * 7) + 1));
            }

            yield return [.. pieces];
        }
    }

    public static void Feed(byte[] stream, int[] pieces, OnFrame onFrame)
    {
        var framer = new SseFramer();
        int consumed = 0;
        int arrived = 0;
        foreach (int piece in pieces)
        {
            arrived += piece;
            Drain(framer, stream.AsSpan(consumed..arrived), ended: false, ref consumed, onFrame);
        }

        Drain(framer, stream.AsSpan(consumed), ended: true, ref consumed, onFrame);
        Assert.Equal(stream.Length, consumed);
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static void Drain(SseFramer framer, ReadOnlySpan<byte> buffer, bool ended, ref int consumed, OnFrame onFrame)
    {
        while (framer.TryRead(buffer, ended, out int taken, out StreamFrame frame))
        {
            Assert.True(taken > 0);
            onFrame(frame);
            buffer = buffer[taken..];
            consumed += taken;
        }
    }
}
