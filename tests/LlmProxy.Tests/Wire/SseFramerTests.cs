using System.Text;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class SseFramerTests
{
    public static TheoryData<string, string[]> Streams => new()
    {
        { "data: {\"a\":1}\n\ndata: [DONE]\n\n", ["|{\"a\":1}", "|[DONE]"] },
        { "data: a\r\n\r\ndata: b\r\n\r\n", ["|a", "|b"] },
        { "data: a\r\rdata: b\r\r", ["|a", "|b"] },
        { "data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\rdata: e\n\n", ["|a", "|b", "|c", "|d", "|e"] },
        { "event: error\ndata: x\n\nevent:ping\ndata:y\n\n", ["error|x", "ping|y"] },
        { "data: one\ndata:two\ndata: three\n\n", ["|one\ntwo\nthree"] },
        { "data: one\r\ndata:\r\ndata: three\r\n\r\n", ["|one\n\nthree"] },
        { "data:\n\ndata\n\ndata:  two spaces\n\n", ["|", "|", "| two spaces"] },
        { ": keep-alive\n\nretry: 5\nid: 7\n\ndata: a\n\n", ["-", "-", "|a"] },
        { ": with data\ndata: a\nid: 3\n\n", ["|a"] },
        { "\uFEFFdata: a\n\ndata: \uFEFFb\n\n", ["|a", "|\uFEFFb"] },
        { "\uFEFF\uFEFFdata: a\n\n", ["-"] },
        { "\n\n\r\ndata: a\n\n\n\ndata: b\n\n", ["|a", "|b"] },
        { "database: 1\neventual: x\ndata: a\n\n", ["|a"] },
        { "event\ndata: a\n\nevent: one\nevent: two\ndata: b\n\n", ["|a", "two|b"] },
        { "data: Grüße, 世界 🎉\n\ndata: é\n\n", ["|Grüße, 世界 🎉", "|é"] },
        { "data: a\n\ndata: no blank line\n", ["|a", "|no blank line!"] },
        { "data: a\n\ndata: no line end", ["|a", "|no line end!"] },
        { "data: a\r\n\r\ndata: half an end\r", ["|a", "|half an end!"] },
        { "data: [DONE]\n\n\n", ["|[DONE]"] },
        { "", [] },
        { "\n", [] },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void TryRead_HoweverCut_GivesTheSameEventsAndEveryByte(string stream, string[] expected)
    {
        byte[] bytes = Cuts.Utf8(stream);
        foreach (int[] pieces in Cuts.Of(bytes.Length))
        {
            var events = new List<string>();
            var raw = new List<byte>();
            Cuts.Feed(bytes, pieces, (in StreamFrame frame) =>
            {
                raw.AddRange(frame.Raw);
                if (Describe(frame) is { } text)
                {
                    events.Add(text);
                }
            });
            Assert.Equal(expected, events);
            Assert.Equal(bytes, raw);
        }
    }

    [Fact]
    public void TryRead_RandomLines_AgreesWithALineByLineReading()
    {
        string[] lines = ["data: x", "data:", "data: {\"k\":\"ü\"}", "event: e", ":c", "id: 1", "", "", "", "field", "data: \uFFFD"];
        string[] ends = ["\n", "\r\n", "\r"];
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var stream = new StringBuilder();
            for (int i = random.Next(1, 30); i > 0; i--)
            {
                stream.Append(lines[random.Next(lines.Length)]).Append(ends[random.Next(ends.Length)]);
            }

            stream.Append("\n\n");
            byte[] bytes = Cuts.Utf8(stream.ToString());
            List<string> expected = ReadByLines(stream.ToString());
            foreach (int[] pieces in Cuts.Of(bytes.Length))
            {
                var events = new List<string>();
                var raw = new List<byte>();
                Cuts.Feed(bytes, pieces, (in StreamFrame frame) =>
                {
                    raw.AddRange(frame.Raw);
                    if (frame.HasData)
                    {
                        events.Add(Describe(frame)!);
                    }
                });
                Assert.Equal(expected, events);
                Assert.Equal(bytes, raw);
            }
        }
    }

    [Fact]
    public void TryRead_OneDataLine_PointsIntoTheFrame()
    {
        Cuts.Feed("event: a\ndata: hello\n\n"u8.ToArray(), [22], (in StreamFrame frame) =>
        {
            Assert.Equal(15, frame.DataStart);
            Assert.True(frame.Raw.Slice(frame.DataStart, frame.Data.Length).SequenceEqual(frame.Data));
        });
        Cuts.Feed("data: a\ndata: b\n\n"u8.ToArray(), [17], (in StreamFrame frame) => Assert.Equal(-1, frame.DataStart));
    }

    [Fact]
    public void TryRead_WholeEventWithCarriageReturns_IsNotHeldBackForAByteThatMayNeverCome()
    {
        var framer = new SseFramer();
        Assert.True(framer.TryRead("data: a\r\r"u8, ended: false, out int consumed, out StreamFrame frame));
        Assert.Equal(9, consumed);
        Assert.True(frame.Data.SequenceEqual("a"u8));
    }

    [Fact]
    public void TryRead_HugeFrameInSmallPieces_NeverLooksAtAByteTwice()
    {
        byte[] stream = [.. "data: "u8, .. new byte[256 * 1024], .. "\n\n"u8];
        var framer = new SseFramer();
        for (int arrived = 1024; arrived < stream.Length; arrived += 1024)
        {
            Assert.False(framer.TryRead(stream.AsSpan(0, arrived), ended: false, out _, out _));
            stream.AsSpan(arrived - 2, 2).Fill((byte)'\n'); // Who looks again finds the end of an event here.
        }

        Assert.True(framer.TryRead(stream, ended: false, out int consumed, out _));
        Assert.Equal(stream.Length, consumed);
    }

    private static string? Describe(in StreamFrame frame)
    {
        if (frame.HasData)
        {
            return $"{Encoding.UTF8.GetString(frame.Event)}|{Encoding.UTF8.GetString(frame.Data)}{(frame.IsCut ? "!" : "")}";
        }

        return frame.Raw.IndexOfAnyExcept((byte)'\r', (byte)'\n') < 0 ? null : "-";
    }

    /// <summary>The standard's own words, as plainly as they can be coded.</summary>
    private static List<string> ReadByLines(string stream)
    {
        var events = new List<string>();
        string name = "";
        var data = new List<string>();
        foreach (string line in stream.Replace("\r\n", "\n").Replace('\r', '\n').Split('\n'))
        {
            if (line.Length == 0)
            {
                if (data.Count > 0)
                {
                    events.Add($"{name}|{string.Join('\n', data)}");
                }

                name = "";
                data.Clear();
                continue;
            }

            int colon = line.IndexOf(':');
            string field = colon < 0 ? line : line[..colon];
            string value = colon < 0 ? "" : line[(colon + 1)..];
            value = value.StartsWith(' ') ? value[1..] : value;
            if (field == "data")
            {
                data.Add(value);
            }
            else if (field == "event")
            {
                name = value;
            }
        }

        return events;
    }
}
