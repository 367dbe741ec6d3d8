using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Pass;

namespace LlmProxy.Tests.Pass;

public sealed class PassUsageTests
{
    [Theory]
    [InlineData("openai", """{"id":"x","choices":[{"message":{"content":"usage: none"}}],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4}}}""", 8, 4, 5)]
    [InlineData("gemini", """{"candidates":[],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3,"totalTokenCount":10}}""", 7, 0, 3)]
    [InlineData("anthropic", """{"content":[],"usage":{"input_tokens":9,"cache_read_input_tokens":2,"output_tokens":4}}""", 9, 2, 4)]
    public void Find_InAWholeAnswer_SaysWhatTheVendorSays(string provider, string answer, long fresh, long cached, long output) =>
        Assert.Equal(new TokenUsage(fresh, cached, 0, output, 0), PassUsage.Find(provider, Encoding.UTF8.GetBytes(answer), []));

    [Fact]
    public void Find_InAStreamThatTellsItInPieces_AddsThemUp()
    {
        byte[] beginning = Encoding.UTF8.GetBytes("event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":30,\"output_tokens\":1}}}\n\n");
        byte[] end = Encoding.UTF8.GetBytes("event: message_delta\ndata: {\"usage\":{\"output_tokens\":77}}\n\n");

        Assert.Equal(new TokenUsage(30, 0, 0, 77, 0), PassUsage.Find("anthropic", beginning, end));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"usage\":null}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":")]
    [InlineData("{\"usage\":\"see below\"}")]
    public void Find_WhereNothingIsSaid_IsNull(string answer) =>
        Assert.Null(PassUsage.Find("openai", Encoding.UTF8.GetBytes(answer), []));

    [Theory]
    [InlineData(1, false)]
    [InlineData(1000, true)]
    [InlineData(100_000, false)]
    public async Task Tap_OnALongAnswer_KeepsBothEndsAndTellsBeforeTheLastBytesGoOut(int piece, bool knowsLength)
    {
        byte[] answer = [.. Enumerable.Range(0, 90_000).Select(i => (byte)(i % 251))];
        int toldAt = -1;
        int given = 0;
        byte[]? end = null;
        using var tap = new PassTap(new MemoryStream(answer), knowsLength ? answer.Length : null, whole =>
        {
            toldAt = given;
            end = whole.End.ToArray();
            Assert.True(whole.Beginning.SequenceEqual(answer.AsSpan(0, whole.Beginning.Length)));
        });

        byte[] buffer = new byte[piece];
        int read;
        while ((read = await tap.ReadAsync(buffer)) > 0)
        {
            Assert.True(buffer.AsSpan(0, read).SequenceEqual(answer.AsSpan(given, read)));
            given += read;
        }

        Assert.Equal(answer.Length, given);
        Assert.True(knowsLength ? toldAt < answer.Length : toldAt == answer.Length);
        Assert.True(end!.Length >= 16 * 1024);
        Assert.True(end.AsSpan().SequenceEqual(answer.AsSpan(answer.Length - end.Length)));
    }
}
