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
        var meter = new OutputMeter(1);
        meter.Take(new StreamFrame(": ping\n\n"u8, default, default, hasData: false), FrameVerdict.Pass);
        meter.Take(new StreamFrame("data: [DONE]\n\n"u8, default, "[DONE]"u8, hasData: true), FrameVerdict.Pass | FrameVerdict.End);
        meter.Take(new StreamFrame("data: {}\n\n"u8, default, "{}"u8, hasData: true), FrameVerdict.Error);

        Assert.Equal(0, meter.Tokens);
    }

    [Theory]
    [InlineData("ping", """{"type":"ping"}""", "content_block_delta")]
    [InlineData("content_block_stop", """{"type":"content_block_stop","index":0}""", "content_block_delta")]
    [InlineData("response.output_text.annotation.added", """{"type":"response.output_text.annotation.added"}""", "response.output_text.delta")]
    public void Tokens_OfEventsThatBringNoText_AreNone(string name, string data, string delta)
    {
        var meter = new OutputMeter(1);
        for (int i = 0; i < 50; i++)
        {
            Take(ref meter, delta, """{"type":"a_delta_of_some_length","index":0,"delta":{"type":"text_delta","text":" word"}}""", FrameVerdict.Output);
            Take(ref meter, name, data, FrameVerdict.None);
        }

        Assert.Equal(50, meter.Tokens);
    }

    [Fact]
    public void Tokens_OfSeveralChoices_AreCountedUntilTheLastHasFinished()
    {
        var meter = new OutputMeter(2);
        Take(ref meter, "", "{}", FrameVerdict.Output);
        Take(ref meter, "", """{"finish":1}""", FrameVerdict.Finish);
        Take(ref meter, "", "{}", FrameVerdict.None);
        Take(ref meter, "", """{"finish":2}""", FrameVerdict.Finish);
        Take(ref meter, "", """{"usage":{}}""", FrameVerdict.None);

        Assert.Equal(2, meter.Tokens);
    }

    private static void Take(ref OutputMeter meter, string name, string data, FrameVerdict verdict)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(data);
        meter.Take(new StreamFrame(bytes, Encoding.UTF8.GetBytes(name), bytes, hasData: true), FrameVerdict.Pass | verdict);
    }

    private static long Count(string[] pieces)
    {
        var meter = new OutputMeter(1);
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
