using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Caching;
using LlmProxy.Caching.Shared;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Caching.Shared;

public sealed class StoredAnswerTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Theory]
    [InlineData(5, true)]
    [InlineData(50_000, false)]
    public void Read_WhatWasWritten_IsTheSameAnswer(int length, bool hasUsage)
    {
        CachedAnswer answer = Answer(length) with { Usage = hasUsage ? new TokenUsage(1, 2, 3, 4, 5) : null, IsStream = hasUsage, TellsUsage = hasUsage, ReportedModel = hasUsage ? "m" : null };

        byte[] stored = StoredAnswer.Write(answer, At, TimeSpan.FromMinutes(5));

        (CachedAnswer read, DateTimeOffset at, TimeSpan life) = Assert.NotNull(StoredAnswer.Read(stored, 100_000));
        Assert.Equal(answer.Body.ToArray(), read.Body.ToArray());
        Assert.Equal(answer with { Body = read.Body }, read);
        Assert.Equal((At, TimeSpan.FromMinutes(5)), (at, life));
        Assert.True(length < 1024 || stored.Length < length / 2);
    }

    [Fact]
    public void Read_AnyByteChanged_IsNoAnswer()
    {
        byte[] stored = StoredAnswer.Write(Answer(2000), At, TimeSpan.FromMinutes(5));
        for (int i = 0; i < stored.Length; i++)
        {
            byte[] broken = [.. stored];
            broken[i] ^= 0x20;
            Assert.Null(StoredAnswer.Read(broken, 100_000));
        }

        for (int length = 0; length < stored.Length; length++)
        {
            Assert.Null(StoredAnswer.Read(stored[..length], 100_000));
        }
    }

    [Fact]
    public void Read_WhatAnotherVersionWrote_IsNoAnswer()
    {
        byte[] stored = StoredAnswer.Write(Answer(5), At, TimeSpan.FromMinutes(5));
        stored[0] = 1;
        BitConverter.TryWriteBytes(stored.AsSpan(stored.Length - 4), Crc32.Of(stored.AsSpan(0, stored.Length - 4)));

        Assert.Null(StoredAnswer.Read(stored, 100_000));
    }

    [Fact]
    public void Read_LargerThanAnAnswerMayBe_IsNoAnswer() =>
        Assert.Null(StoredAnswer.Read(StoredAnswer.Write(Answer(50_000), At, TimeSpan.FromMinutes(5)), 49_999));

    [Fact]
    public void Read_AnothersData_IsNoAnswer() => Assert.Null(StoredAnswer.Read(Encoding.UTF8.GetBytes("{\"somebody\":\"else's\"}"), 100_000));

    private static CachedAnswer Answer(int length) => new()
    {
        Body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 7))))),
        ContentType = "application/json",
        Provider = "openai",
        Llm = "gpt",
        DeploymentModel = "gpt-5",
        Fingerprint = new UInt128(ulong.MaxValue - 1, 2),
    };
}
