using System.Text;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class SseFramerTests
{
    private const string Mixed =
        "\uFEFF: hello\n\ndata: one\n\nevent: named\r\ndata:{\"a\":\"ä€😀\"}\r\nid: 7\r\n\r\ndata: first\ndata: second\ndata\n\n\n\nretry: 10\r\rdata: cr\r\rdata:  two spaces\n\ndata: [DONE]\n\ndata: last without end";

    [Fact]
    public void Stream_Whole_HasTheseEvents()
    {
        List<(string Event, string Data, bool HasData)> frames = Read(Encoding.UTF8.GetBytes(Mixed), [], out string raw);

        Assert.Equal(Mixed, raw);
        Assert.Equal(
            [("", "one"), ("named", "{\"a\":\"ä€😀\"}"), ("", "first\nsecond\n"), ("", "cr"), ("", " two spaces"), ("", "[DONE]"), ("", "last without end")],
            frames.Where(f => f.HasData).Select(f => (f.Event, f.Data)));
    }

    [Fact]
    public void Stream_CutAnywhere_HasTheSameEventsAndBytes()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Mixed);
        List<(string, string, bool)> whole = Read(bytes, [], out _);

        Assert.Equal(whole.Where(f => f.Item3), Read(bytes, [.. Enumerable.Range(1, bytes.Length - 1)], out string single).Where(f => f.Item3));
        Assert.Equal(Mixed, single);
        var random = new Random(17);
        for (int round = 0; round < 200; round++)
        {
            int[] cuts = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(1, bytes.Length)).Distinct().Order()];
            Assert.Equal(whole.Where(f => f.Item3), Read(bytes, cuts, out string raw).Where(f => f.Item3));
            Assert.Equal(Mixed, raw);
        }
    }

    [Fact]
    public void Stream_HugeEventInSmallPieces_IsLookedThroughOnce()
    {
        byte[] bytes = [.. "data: "u8, .. Enumerable.Repeat((byte)'x', 4_000_000), .. "\n\n"u8];
        var framer = new SseFramer();
        int found = 0;

        // Looking again from the start each time would be eight billion bytes.
        for (int end = 1000; end <= bytes.Length + 999; end += 1000)
        {
            if (framer.TryRead(bytes.AsSpan(0, Math.Min(end, bytes.Length)), false, out int consumed, out SseFrame frame))
            {
                Assert.Equal(bytes.Length, consumed);
                Assert.Equal(4_000_000, frame.Data.Length);
                found++;
                break;
            }
        }

        Assert.Equal(1, found);
    }

    private static List<(string Event, string Data, bool HasData)> Read(byte[] bytes, int[] cuts, out string raw)
    {
        var framer = new SseFramer();
        var frames = new List<(string, string, bool)>();
        var all = new List<byte>();
        int start = 0;
        foreach (int end in cuts.Append(bytes.Length))
        {
            bool ended = end == bytes.Length;
            while (framer.TryRead(bytes.AsSpan(start, end - start), ended, out int consumed, out SseFrame frame))
            {
                all.AddRange(frame.Raw);
                frames.Add((Encoding.UTF8.GetString(frame.Event), Encoding.UTF8.GetString(frame.Data), frame.HasData));
                start += consumed;
            }
        }

        raw = Encoding.UTF8.GetString([.. all]);
        return frames;
    }
}
