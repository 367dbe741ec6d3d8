using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>Rows and progress as bytes, and back.</summary>
public sealed class CallCodecTests
{
    [Fact]
    public void Row_WithEveryField_ComesBackAsItWas()
    {
        CallRow row = Rows.Full();

        Rows.AssertSame(row, Through(row));
    }

    [Fact]
    public void Row_WithNothingOptional_ComesBackAsItWas()
    {
        CallRow row = new() { Id = Guid.CreateVersion7().ToString(), FinishedAt = Rows.Noon, Endpoint = "embeddings", Status = 503, Duration = TimeSpan.Zero };

        Rows.AssertSame(row, Through(row));
    }

    [Theory]
    [InlineData("a\0b", "a b")]
    [InlineData("", "")]
    [InlineData("héllo 😀", "héllo 😀")]
    public void Text_ThatNoDatabaseTakes_IsMadeFit(string written, string read) => Assert.Equal(read, Through(Rows.New() with { EndUser = written }).EndUser);

    [Fact]
    public void Text_WithHalfACharacter_IsMadeFit() // Attributes cannot carry one.
    {
        Assert.Equal("a\ufffdb", Through(Rows.New() with { EndUser = "a\ud800b" }).EndUser);
        Assert.Equal("\ufffd", Through(Rows.New() with { EndUser = "\udc00" }).EndUser);
    }

    [Fact]
    public void Text_TooLong_IsCutBetweenCharacters()
    {
        string text = new string('a', PayloadWriter.MostText - 1) + "😀" + new string('b', 10_000);

        Assert.Equal(new string('a', PayloadWriter.MostText - 1), Through(Rows.New() with { EndUser = text }).EndUser);
    }

    [Fact]
    public void Lists_TooLong_AreCut()
    {
        CallRow row = Rows.New() with { Tags = [.. Enumerable.Range(0, 1000).Select(i => new string('x', 300) + i)] };

        Assert.Equal(32, Through(row).Tags.Count);
    }

    [Fact]
    public void Numbers_AtTheirEnds_ComeBack()
    {
        CallRow row = Rows.New() with { Usage = new TokenUsage(long.MaxValue, long.MinValue, -1, 0, 1), CostUsd = decimal.MinValue, StartedAt = DateTimeOffset.MinValue };

        Rows.AssertSame(row, Through(row));
    }

    [Fact]
    public void Progress_ComesBackAsItWas()
    {
        var progress = new CallProgress(new TokenUsage(1, 2, 3, 4, 5), "estimated", 0.25m);
        using PayloadWriter record = CallCodec.Encode(Guid.CreateVersion7(), progress);

        Assert.Equal(progress, CallCodec.ReadProgress(Payload(record.Seal(RecordType.Progress, 1))));
    }

    private static CallRow Through(CallRow row)
    {
        using PayloadWriter record = CallCodec.Encode(Guid.Parse(row.Id), row);
        return CallCodec.ReadRow(Payload(record.Seal(RecordType.Settled, 1)));
    }

    private static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> record)
    {
        Assert.True(RecordFrame.TryOpen(record, 1, out _, out int payload));
        Assert.False(RecordFrame.TryOpen(record, 2, out _, out _));
        return record.Slice(RecordFrame.HeaderBytes, payload);
    }
}
