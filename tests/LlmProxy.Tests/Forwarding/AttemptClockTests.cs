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

    [Fact]
    public void Clock_ThatRested_KnowsNothingOfTheAttemptBefore()
    {
        using var first = new CancellationTokenSource();
        using var hedge = new CancellationTokenSource();
        using var clock = new AttemptClock(_time, CancellationToken.None);
        clock.Start(TimeSpan.FromSeconds(10), first.Token, hedge.Token);
        clock.LingerFor(TimeSpan.FromSeconds(2));
        clock.WatchIdle(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(7));

        Assert.True(clock.TryRest());
        clock.Start(TimeSpan.FromSeconds(100), CancellationToken.None);
        first.Cancel();
        hedge.Cancel();
        _time.Advance(TimeSpan.FromSeconds(99));
        Assert.False(clock.Token.IsCancellationRequested);
        Assert.False(clock.Lingers);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(clock.Token.IsCancellationRequested);
        Assert.True(clock.TimedOut);
        Assert.False(clock.WasIdle);
    }

    [Fact]
    public void Clock_ThatRests_CancelsNothing()
    {
        using AttemptClock clock = New(10);

        Assert.True(clock.TryRest());
        _time.Advance(TimeSpan.FromSeconds(1000));

        Assert.False(clock.Token.IsCancellationRequested);
    }

    [Theory]
    [InlineData("time")]
    [InlineData("client")]
    [InlineData("hedge")]
    [InlineData("shutdown")]
    public void Clock_ThatHasCancelled_ServesNoOther(string why)
    {
        using CancellationTokenSource client = new(), hedge = new(), shutdown = new();
        using var clock = new AttemptClock(_time, shutdown.Token);
        clock.Start(TimeSpan.FromSeconds(10), client.Token, hedge.Token);

        _time.Advance(TimeSpan.FromSeconds(why == "time" ? 10 : 1));
        (why switch { "client" => client, "hedge" => hedge, "shutdown" => shutdown, _ => null })?.Cancel();

        Assert.True(clock.Token.IsCancellationRequested);
        Assert.False(clock.TryRest());
    }

    /// <summary>The timer of the attempt before may ring when the clock already serves the next one.</summary>
    [Fact]
    public void Clock_RungForTheAttemptBefore_WaitsForItsOwnTime()
    {
        var time = new LateTime();
        using var clock = new AttemptClock(time, CancellationToken.None);
        clock.Start(TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.True(clock.TryRest());
        clock.Start(TimeSpan.FromSeconds(30), CancellationToken.None);

        time.Ring();

        Assert.False(clock.Token.IsCancellationRequested);
        time.Now += TimeSpan.FromSeconds(30).Ticks;
        time.Ring();
        Assert.True(clock.TimedOut);
    }

    [Fact]
    public void Clocks_AreLentAgain_ExceptThoseThatCancelled()
    {
        using var shutdown = new LlmProxy.Hosting.Shutdown(_time);
        using var clocks = new AttemptClocks(_time, shutdown);
        AttemptClock first = clocks.Start(TimeSpan.FromSeconds(10), CancellationToken.None, CancellationToken.None);
        clocks.Return(first);

        AttemptClock second = clocks.Start(TimeSpan.FromSeconds(10), CancellationToken.None, CancellationToken.None);
        Assert.Same(first, second);
        _time.Advance(TimeSpan.FromSeconds(10));
        clocks.Return(second);

        AttemptClock third = clocks.Start(TimeSpan.FromSeconds(10), CancellationToken.None, CancellationToken.None);
        Assert.NotSame(first, third);
        Assert.False(third.Token.IsCancellationRequested);
        shutdown.Force();
        Assert.True(third.Token.IsCancellationRequested);
    }

    private AttemptClock New(int seconds, CancellationToken client = default)
    {
        var clock = new AttemptClock(_time, CancellationToken.None);
        clock.Start(TimeSpan.FromSeconds(seconds), client);
        return clock;
    }

    /// <summary>Its timer rings when it is told to, whatever it was set to.</summary>
    private sealed class LateTime : TimeProvider
    {
        private TimerCallback? _callback;
        private object? _state;

        public long Now { get; set; } = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;

        public void Ring() => _callback!(_state);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state) = (callback, state);
            return new Silent();
        }

        private sealed class Silent : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
