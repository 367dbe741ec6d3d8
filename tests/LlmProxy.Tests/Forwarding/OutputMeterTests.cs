using System.Text;
using LlmProxy.Forwarding;
using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Forwarding;

public sealed class OutputMeterTests
{
    [Fact]
    public void Tokens_OneWordAChunk_AreTheChunks() =>
        Assert.InRange(Count([.. Enumerable.Repeat(" word", 200)]), 200, 260);

    [Fact]
    public void Tokens_LongPieces_AreFourLettersEach() =>
        Assert.InRange(Count(["", .. Enumerable.Repeat(new string('x', 400), 20)]), 1900, 2100);

    [Fact]
    public void Tokens_TheShortestComesLast_CountsTheOthersAnew() =>
        Assert.InRange(Count([.. Enumerable.Repeat(new string('x', 400), 20), ""]), 1900, 2100);

    [Fact]
    public void Tokens_OfWhatIsNoText_AreNone()
    {
        var meter = new OutputMeter();
        meter.Take(new StreamFrame(": ping\n\n"u8, default, default, hasData: false), FrameVerdict.Pass);
        meter.Take(new StreamFrame("data: [DONE]\n\n"u8, default, "[DONE]"u8, hasData: true), FrameVerdict.Pass | FrameVerdict.End);
        meter.Take(new StreamFrame("data: {}\n\n"u8, default, "{}"u8, hasData: true), FrameVerdict.Error);

        Assert.Equal(0, meter.Tokens);
    }

    private static long Count(string[] pieces)
    {
        var meter = new OutputMeter();
        meter.Take(new StreamFrame("{}"u8, default, "{}"u8, hasData: true), FrameVerdict.Pass);
        foreach (string piece in pieces)
        {
            byte[] data = Encoding.UTF8.GetBytes($$$"""{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{{{piece}}}"}}]}""");
            meter.Take(new StreamFrame(data, default, data, hasData: true), FrameVerdict.Pass | FrameVerdict.Output);
        }

        // One that was mended on its way, the last one, and the counts behind it.
        byte[] mended = Encoding.UTF8.GetBytes("""{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":""}}]}""");
        meter.Take(new StreamFrame(mended, default, mended, hasData: true), FrameVerdict.None);

        meter.Take(new StreamFrame("{}"u8, default, "{}"u8, hasData: true), FrameVerdict.Pass | FrameVerdict.Output | FrameVerdict.Finish);
        meter.Take(new StreamFrame(mended, default, mended, hasData: true), FrameVerdict.None);
        return meter.Tokens;
    }
}
