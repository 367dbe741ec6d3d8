using System.Buffers;
using System.Text;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class SseWriterTests
{
    [Theory]
    [InlineData("{\"a\":1}", "data: {\"a\":1}\n\n")]
    [InlineData("one\ntwo", "data: one\ndata: two\n\n")]
    [InlineData("one\r\ntwo\rthree", "data: one\ndata: two\ndata: three\n\n")]
    [InlineData("", "data: \n\n")]
    public void WriteData_LineEndsInTheData_BecomeLines(string data, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        SseWriter.WriteData(output, Cuts.Utf8(data));
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void WriteEvent_NameAndData_CanBeReadBack()
    {
        var output = new ArrayBufferWriter<byte>();
        SseWriter.WriteEvent(output, "ping"u8, "a\nb"u8);
        SseWriter.WriteComment(output, "still here"u8);
        Assert.Equal("event: ping\ndata: a\ndata: b\n\n: still here\n\n", Encoding.UTF8.GetString(output.WrittenSpan));
        var framer = new SseFramer();
        Assert.True(framer.TryRead(output.WrittenSpan, ended: false, out _, out StreamFrame frame));
        Assert.True(frame.Event.SequenceEqual("ping"u8));
        Assert.True(frame.Data.SequenceEqual("a\nb"u8));
    }

    [Theory]
    [InlineData("data: a\n\n", false, "data: a\n\n")]
    [InlineData("data: a", true, "data: a\n\n")]
    [InlineData("data: a\n", true, "data: a\n\n")]
    [InlineData("data: a\r\n", true, "data: a\r\n\n")]
    public void WriteRest_StreamEndedInsideAnEvent_GetsItsBlankLine(string raw, bool isCut, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        SseWriter.WriteRest(output, Cuts.Utf8(raw), isCut);
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
