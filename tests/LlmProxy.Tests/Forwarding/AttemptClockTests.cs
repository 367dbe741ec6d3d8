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
    public void Clock_ClientLeaves_CancelsAtOnce()
    {
        using var client = new CancellationTokenSource();
        using AttemptClock clock = New(10, client.Token);

        client.Cancel();

        Assert.True(clock.Token.IsCancellationRequested);
        Assert.False(clock.Lingers);
        Assert.False(clock.TimedOut);
    }

    [Fact]
    public void Clock_ClientLeavesAFinishedGeneration_LingersForItsUsageAndNoLonger()
    {
        using var client = new CancellationTokenSource();
        using AttemptClock clock = New(10, client.Token);
        clock.WatchIdle(TimeSpan.FromSeconds(60), null);
        clock.LingerFor(TimeSpan.FromSeconds(2));

        client.Cancel();
        Assert.True(clock.Lingers);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        clock.Waiting();
        Assert.False(clock.Token.IsCancellationRequested);

        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(clock.Token.IsCancellationRequested);
        Assert.False(clock.Lingers);
    }

    [Fact]
    public void Clock_ClientLeavesWhereTheOperatorDrains_GoesOnToTheEnd()
    {
        using var client = new CancellationTokenSource();
        using AttemptClock clock = New(100, client.Token);
        clock.LingerFor(Timeout.InfiniteTimeSpan);
        clock.LingerFor(TimeSpan.FromSeconds(2)); // A finish is near all the same: draining has no shorter end.

        client.Cancel();
        _time.Advance(TimeSpan.FromSeconds(50));

        Assert.True(clock.Lingers);
        Assert.False(clock.Token.IsCancellationRequested);
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

    private AttemptClock New(int seconds, CancellationToken client = default) => new(_time, TimeSpan.FromSeconds(seconds), client, CancellationToken.None);
}
