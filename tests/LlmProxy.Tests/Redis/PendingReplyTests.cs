using LlmProxy.Redis;

namespace LlmProxy.Tests.Redis;

public sealed class PendingReplyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(40);

    private readonly FakeTimeProvider _time = new();
    private readonly Uptime _uptime;

    public PendingReplyTests() => _uptime = new Uptime(_time, Patience, work => work.Execute());

    [Fact]
    public async Task Call_WhenRedisIsSilent_StopsWaitingAndEndsTheUptime()
    {
        var call = new PendingReply<string>(_uptime);

        _time.Advance(Patience);
        _time.Advance(TimeSpan.FromMilliseconds(9));
        Assert.False(call.Task.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1)); // The second look.

        Assert.False((await call.Task).IsThere);
        Assert.True(_uptime.IsOver);
        Assert.Contains("silent", await _uptime.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WhileOthersAreAnswered_WaitsFromTheLastReplyOn()
    {
        var call = new PendingReply<string>(_uptime);
        _time.Advance(TimeSpan.FromMilliseconds(30));
        new PendingReply<string>(_uptime).Complete(Task.FromResult("another"));

        _time.Advance(Patience);
        _time.Advance(TimeSpan.FromMilliseconds(9));
        Assert.False(call.Task.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False((await call.Task).IsThere);
        Assert.True(_uptime.IsOver);
    }

    [Fact]
    public async Task Call_WhoseReplyStandsInLine_IsNotGivenUp()
    {
        var line = new Queue<IThreadPoolWorkItem>();
        var busy = new Uptime(_time, Patience, line.Enqueue);
        var call = new PendingReply<string>(busy);
        _time.Advance(Patience);

        _time.Advance(TimeSpan.FromMilliseconds(300)); // So long is the line for a thread.
        line.Dequeue().Execute();
        Assert.False(call.Task.IsCompleted);
        call.Complete(Task.FromResult("here"));

        Assert.Equal("here", (await call.Task).Value);
        Assert.False(busy.IsOver);
    }

    [Fact]
    public async Task Call_ThatIsNeverAnswered_IsGivenUpHoweverMuchOthersHear()
    {
        var call = new PendingReply<string>(_uptime);

        for (int ms = 0; ms < 2100; ms += 10)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            _uptime.Clock.Heard();
        }

        Assert.True(call.Task.IsCompleted);
        Assert.False((await call.Task).IsThere);
    }

    [Fact]
    public void MoreTime_WhenOurOwnTimerCameLate_GivesTheReplyAnotherChance()
    {
        var clock = new ReplyClock(_time, Patience);
        long sent = _time.GetTimestamp();
        long due = clock.DueIn(Patience);

        _time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.Equal(TimeSpan.Zero, clock.MoreTime(sent, due));
        _time.Advance(TimeSpan.FromMilliseconds(60));
        Assert.Equal(Patience, clock.MoreTime(sent, due));
    }

    [Fact]
    public async Task Reply_AfterNobodyWaitsAnyLonger_ChangesNothing()
    {
        var call = new PendingReply<string>(_uptime);
        _time.Advance(TimeSpan.FromSeconds(1));

        call.Complete(Task.FromResult("late"));

        Assert.False((await call.Task).IsThere);
    }

    [Fact]
    public async Task Error_InPlaceOfAReply_IsTold()
    {
        var call = new PendingReply<string>(_uptime);

        call.Complete(Task.FromException<string>(new TimeoutException()));

        Reply<string> reply = await call.Task;
        Assert.False(reply.IsThere);
        Assert.Contains("does not answer", reply.Error, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_uptime.IsOver); // The timer is gone; the link itself ends it.
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
}
