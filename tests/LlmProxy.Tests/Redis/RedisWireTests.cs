using LlmProxy.Redis;
using LlmProxy.Tests.Limits;

namespace LlmProxy.Tests.Redis;

public sealed class RedisWireTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeRedis _redis = new();
    private readonly Uptime _uptime;
    private readonly RedisWire _wire;

    public RedisWireTests()
    {
        _uptime = new Uptime(_time, TimeSpan.FromMilliseconds(40), work => work.Execute());
        _wire = new RedisWire(_redis, _uptime);
    }

    public void Dispose()
    {
        _wire.Dispose();
        _redis.Dispose();
    }

    [Fact]
    public async Task Replies_ComeInTheOrderOfTheQuestions()
    {
        _redis.Answer = words => FakeRedis.Text(words[1]);

        Task<Reply>[] asked = [.. Enumerable.Range(0, 500).Select(i => Ask("GET", $"{i}"))];

        for (int i = 0; i < asked.Length; i++)
        {
            Assert.Equal($"{i}", Text(await asked[i].WaitAsync(Gates.Patience)));
        }
    }

    [Theory]
    [InlineData("+OK\r\n", true, "OK", null)]
    [InlineData(":42\r\n", true, "42", null)]
    [InlineData("$-1\r\n", true, null, null)]
    [InlineData("$0\r\n\r\n", true, "", null)]
    [InlineData("$4\r\n\r\n\r\n\r\n", true, "\r\n\r\n", null)]
    [InlineData("-NOSCRIPT No matching script.\r\n", false, null, "NOSCRIPT No matching script.")]
    public async Task Reply_OfEveryKind_CutAtAnyPlace_IsReadWhole(string bytes, bool isThere, string? value, string? error)
    {
        _redis.Answer = _ => null;
        foreach (int cut in Enumerable.Range(1, bytes.Length - 1))
        {
            Task<Reply> asked = Ask("GET", "x");
            await _redis.SayAsync(bytes[..cut]);
            await _redis.SayAsync(bytes[cut..]);

            Reply reply = await asked.WaitAsync(Gates.Patience);
            Assert.Equal((isThere, value, error), (reply.IsThere, reply.Value is null ? null : Text(reply), reply.Error));
        }
    }

    [Fact]
    public async Task Connection_EndsWhileRepliesAreHandedOut_NobodyIsForgotten()
    {
        _redis.Answer = _ => null;
        var first = new EndingQuestion(_wire);
        using (RedisCommand command = new RedisCommand("GET"u8).Add("x"))
        {
            _wire.Send(first, command.Bytes);
        }

        Task<Reply> second = Ask("GET", "y");
        await _redis.SayAsync("-WRONGTYPE not ours\r\n$1\r\ny\r\n");

        await first.GoesOn.Task.WaitAsync(Gates.Patience);
        Assert.False((await second.WaitAsync(Gates.Patience)).IsThere);
    }

    [Fact]
    public async Task Reply_LargerThanAnyBuffer_IsReadWhole()
    {
        string large = new('a', 700_000);
        _redis.Answer = words => FakeRedis.Text(words[1]);

        Task<Reply>[] asked = [Ask("GET", large), Ask("GET", "small"), Ask("GET", large)];

        Assert.Equal(large, Text(await asked[0].WaitAsync(Gates.Patience)));
        Assert.Equal("small", Text(await asked[1].WaitAsync(Gates.Patience)));
        Assert.Equal(large, Text(await asked[2].WaitAsync(Gates.Patience)));
    }

    [Fact]
    public async Task Questions_WhileAWriteIsUnderWay_GoTogetherWithTheNext()
    {
        _redis.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Reply>[] asked = [.. Enumerable.Range(0, 20).Select(i => Ask("GET", $"{i}"))];
        Assert.Equal([1], _redis.Writes);

        _redis.Gate.SetResult();
        await Task.WhenAll(asked).WaitAsync(Gates.Patience);

        Assert.Equal([1, 19], _redis.Writes);
    }

    [Fact]
    public async Task Question_ThatIsNotTheLast_GoesInTheNextOnesWrite()
    {
        Task<Reply> along = Ask("SET", "settled", isLast: false);
        Assert.Empty(_redis.Writes);

        await Ask("GET", "next").WaitAsync(Gates.Patience);

        Assert.True((await along.WaitAsync(Gates.Patience)).IsThere);
        Assert.Equal([2], _redis.Writes);
    }

    [Fact]
    public async Task Silence_EndsTheUptimeAndTellsEverybodyAtOnce()
    {
        _redis.Answer = _ => null;
        Task<Reply>[] asked = [Ask("GET", "a"), Ask("GET", "b")];

        _time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.All(await Task.WhenAll(asked).WaitAsync(Gates.Patience), reply => Assert.Equal(default, reply));
        Assert.True(_uptime.IsOver);
        Assert.Equal(default, await Ask("GET", "after").WaitAsync(Gates.Patience));
    }

    [Fact]
    public async Task Connection_LostOrTalkingNonsense_EndsTheUptime()
    {
        _redis.Answer = _ => null;
        Task<Reply> asked = Ask("GET", "a");

        _redis.HangUp();

        Assert.Equal(default, await asked.WaitAsync(Gates.Patience));
        Assert.Contains("lost", await _uptime.Failure, StringComparison.Ordinal);
        var another = new Uptime(_time, TimeSpan.FromMilliseconds(40));
        await using var http = new FakeRedis();
        using var wire = new RedisWire(http, another);
        await http.SayAsync("HTTP/1.1 400 Bad Request\r\n");
        Assert.Contains("protocol", await another.Failure.WaitAsync(Gates.Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_OfTheServer_IsToldAndEndsTheUptime()
    {
        _redis.Answer = _ => "-READONLY You can't write against a read only replica.\r\n";

        Reply reply = await Ask("SET", "a").WaitAsync(Gates.Patience);

        Assert.False(reply.IsThere);
        Assert.Contains("read-only", reply.Error, StringComparison.Ordinal);
        Assert.True(_uptime.IsOver);
    }

    [Fact]
    public async Task Waiter_ThatBlocks_KeepsNobodyElseFromItsReply()
    {
        using var blocked = new ManualResetEventSlim();
        _redis.Answer = _ => null;
        Task<bool> blocking = BlockAfterAsync(Ask("GET", "a", runsInline: true), blocked);
        await _redis.SayAsync("+OK\r\n");

        Task<Reply> second = Ask("GET", "b");
        await _redis.SayAsync("+OK\r\n");

        Assert.True((await second.WaitAsync(Gates.Patience)).IsThere);
        blocked.Set();
        Assert.True(await blocking.WaitAsync(Gates.Patience));
    }

    [Theory]
    [InlineData(0L, "0")]
    [InlineData(-5L, "-5")]
    [InlineData(long.MinValue, "-9223372036854775808")]
    [InlineData(long.MaxValue, "9223372036854775807")]
    public void Command_IsWrittenWordByWord(long number, string text)
    {
        using RedisCommand command = new RedisCommand("SET"u8).Add("{p}:", "schlüssel").Add(number).Add(Guid.Empty).Add("");

        Assert.Equal(
            $"*5\r\n$3\r\nSET\r\n$14\r\n{{p}}:schlüssel\r\n${text.Length}\r\n{text}\r\n$36\r\n00000000-0000-0000-0000-000000000000\r\n$0\r\n\r\n",
            System.Text.Encoding.UTF8.GetString(command.Bytes));
    }

    [Fact]
    public void Command_OfManyWords_GrowsAsItNeeds()
    {
        using var command = new RedisCommand("MGET"u8);
        for (int i = 0; i < 2000; i++)
        {
            command.Add(new string('k', i % 50));
        }

        Assert.StartsWith("*2001\r\n$4\r\nMGET\r\n$0\r\n\r\n$1\r\nk\r\n", System.Text.Encoding.UTF8.GetString(command.Bytes), StringComparison.Ordinal);
    }

    private static async Task<bool> BlockAfterAsync(Task<Reply> asked, ManualResetEventSlim blocked)
    {
        await asked.ConfigureAwait(false);
        return blocked.Wait(Gates.Patience);
    }

    private static string Text(Reply reply) => System.Text.Encoding.UTF8.GetString(reply.Value!);

    private async Task<Reply> Ask(string name, string word, bool isLast = true, bool runsInline = false)
    {
        Assert.True(await _uptime.TryEnterAsync());
        var question = new AwaitedQuestion(_uptime);
        using RedisCommand command = new RedisCommand(System.Text.Encoding.ASCII.GetBytes(name)).Add(word);
        _wire.Send(question, command.Bytes, isLast);
        return await question.Task.ConfigureAwait(!runsInline);
    }

    /// <summary>Whoever looks after the connection closes it in the moment that this one is answered.</summary>
    private sealed class EndingQuestion(RedisWire wire) : Question, IThreadPoolWorkItem
    {
        public TaskCompletionSource GoesOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override IThreadPoolWorkItem Take(in Reply reply)
        {
            wire.Dispose();
            return this;
        }

        public void Execute() => GoesOn.TrySetResult();
    }
}
