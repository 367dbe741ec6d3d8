using LlmProxy.Forwarding;

namespace LlmProxy.Tests.Forwarding;

public sealed class AttemptClockTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Clock_NothingBeforeTheFirstLimit_Cancels()
    {
        using AttemptClock clock = New(10);

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(clock.Token.IsCancellationRequested);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(clock.Token.IsCancellationRequested);
        Assert.True(clock.TimedOut);
        Assert.False(clock.WasIdle);
    }

    [Fact]
    public void Clock_ReadsKeepComing_NeverCancels()
    {
        using AttemptClock clock = New(10);
        clock.WatchIdle(TimeSpan.FromSeconds(5), null);

        for (int i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(4));
            clock.Waiting();
        }

        Assert.False(clock.Token.IsCancellationRequested);
    }

    [Fact]
    public void Clock_SilenceWhileWaitingForTheVendor_IsIdle()
    {
        using AttemptClock clock = New(10);
        clock.WatchIdle(TimeSpan.FromSeconds(5), null);
        clock.Waiting();

        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.True(clock.TimedOut);
        Assert.True(clock.WasIdle);
    }

    [Fact]
    public void Clock_SlowClient_DoesNotCountAsSilence()
    {
        using AttemptClock clock = New(10);
        clock.WatchIdle(TimeSpan.FromSeconds(5), null);
        clock.Resting();

        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.False(clock.Token.IsCancellationRequested);
    }

    [Fact]
    public void Clock_WishedWholeTime_EndsTheStreamThough()
    {
        using AttemptClock clock = New(10);
        clock.WatchIdle(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(7));

        for (int i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(3));
            clock.Waiting();
        }

        Assert.True(clock.TimedOut);
        Assert.False(clock.WasIdle);
    }

    private AttemptClock New(int seconds) => new(_time, TimeSpan.FromSeconds(seconds), CancellationToken.None, CancellationToken.None);
}
