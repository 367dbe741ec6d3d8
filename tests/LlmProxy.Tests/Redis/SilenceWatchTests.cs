using LlmProxy.Redis;

namespace LlmProxy.Tests.Redis;

public sealed class SilenceWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(40);

    private readonly FakeTimeProvider _time = new();
    private readonly Uptime _uptime;
    private readonly SilenceWatch _watch;
    private long? _oldest;

    public SilenceWatchTests()
    {
        _uptime = new Uptime(_time, Patience, work => work.Execute());
        _watch = new SilenceWatch(_uptime, () => _oldest, _uptime.Fail);
    }

    public void Dispose() => _watch.Dispose();

    [Fact]
    public async Task Question_WhenRedisIsSilent_EndsTheUptime()
    {
        Ask();

        Advance(40);
        Advance(9);
        Assert.False(_uptime.IsOver);
        Advance(1); // The second look.

        Assert.True(_uptime.IsOver);
        Assert.Contains("silent", await _uptime.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Question_WhileOthersAreAnswered_WaitsFromTheLastReplyOn()
    {
        Ask();
        Advance(30);
        _uptime.Clock.Heard();

        Advance(40);
        Advance(9);
        Assert.False(_uptime.IsOver);
        Advance(1);

        Assert.True(_uptime.IsOver);
    }

    [Fact]
    public void Question_BehindOneThatWasAnswered_HasItsOwnTime()
    {
        Ask();
        Advance(30);
        _uptime.Clock.Heard();
        Advance(9);
        Ask(); // Looked at when the first one's time would have been over, and again when its own is.

        Advance(49);
        Assert.False(_uptime.IsOver);
        Advance(1);

        Assert.True(_uptime.IsOver);
    }

    [Fact]
    public void Question_AfterAPauseWithoutAny_IsWatchedAgain()
    {
        Ask();
        Advance(1);
        _oldest = null;
        Advance(1000);
        Assert.False(_uptime.IsOver);

        Ask();
        Advance(50);

        Assert.True(_uptime.IsOver);
    }

    [Fact]
    public void Question_WhoseReplyStandsInLine_IsNotGivenUp()
    {
        var line = new Queue<IThreadPoolWorkItem>();
        var busy = new Uptime(_time, Patience, line.Enqueue);
        using var watch = new SilenceWatch(busy, () => _oldest, busy.Fail);
        _oldest = _time.GetTimestamp();
        watch.Watch();
        Advance(40);

        Advance(300); // So long is the line for a thread.
        line.Dequeue().Execute();
        _oldest = null; // The reply is here.
        Advance(1000);

        Assert.False(busy.IsOver);
    }

    [Fact]
    public void Question_ThatIsNeverAnswered_IsGivenUpHoweverMuchIsHeard()
    {
        Ask();

        for (int ms = 0; ms < 2100; ms += 10)
        {
            Advance(10);
            _uptime.Clock.Heard();
        }

        Assert.True(_uptime.IsOver);
    }

    [Fact]
    public void MoreTime_WhenOurOwnTimerCameLate_GivesTheReplyAnotherChance()
    {
        var clock = new ReplyClock(_time, Patience);
        long sent = _time.GetTimestamp();
        long due = clock.DueIn(Patience);

        Advance(40);
        Assert.Equal(TimeSpan.Zero, clock.MoreTime(sent, due));
        Advance(60);
        Assert.Equal(Patience, clock.MoreTime(sent, due));
    }

    [Theory]
    [InlineData("READONLY You can't write against a read only replica.", "read-only replica")]
    [InlineData("ERR Error running script (call to f_1): @user_script:1: WRONGTYPE Operation against a key", "Prefix of its own")]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'.", "out of memory")]
    [InlineData("NOAUTH Authentication required.", "password")]
    [InlineData("ERR odd", "ERR odd")]
    public void Failure_OfTheServer_IsPutIntoAnOperatorsWords(string message, string says) =>
        Assert.Contains(says, RedisFailure.Explain(message), StringComparison.Ordinal);

    [Fact]
    public async Task Place_BeyondThoseInFlight_IsWaitedForUntilItIsOver()
    {
        for (int i = 0; i < Uptime.MostInFlight; i++)
        {
            Assert.True(await _uptime.TryEnterAsync());
        }

        ValueTask<bool> next = _uptime.TryEnterAsync();
        ValueTask<bool> last = _uptime.TryEnterAsync();
        Assert.False(next.IsCompleted);
        _uptime.Leave();
        Assert.True(await next);
        _uptime.Fail("gone");
        Assert.False(await last);
    }

    private void Ask()
    {
        _oldest = _time.GetTimestamp();
        _watch.Watch();
    }

    private void Advance(int ms) => _time.Advance(TimeSpan.FromMilliseconds(ms));
}
