using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class BreakerTests
{
    private static readonly BreakerRule Rule = new(Failures: 5, Seconds: 30);
    private readonly FakeTimeProvider _time = new();
    private readonly Breaker _breaker;

    public BreakerTests() => _breaker = new Breaker(_time);

    [Fact]
    public void Breaker_FiveFailuresInARow_Opens()
    {
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(BreakerTurn.None, Call(CallSign.Bad));
            Assert.True(_breaker.MayTry(Rule));
        }

        Assert.Equal(BreakerTurn.Opened, Call(CallSign.Bad));

        Assert.False(_breaker.MayTry(Rule));
        Assert.False(_breaker.TryEnter(Rule, out _));
        Assert.Equal(BreakerState.Open, _breaker.State(Rule));
        Assert.Equal(TimeSpan.FromSeconds(30), _breaker.RestLeft(Rule));
        Assert.Equal(_time.GetUtcNow(), _breaker.OpenSince);
    }

    [Fact]
    public void Breaker_FailuresThatAreLessThanHalf_StaysClosed()
    {
        for (int i = 0; i < 6; i++)
        {
            Call(CallSign.Good);
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(BreakerTurn.None, Call(CallSign.Bad));
        }

        Assert.Equal(BreakerTurn.Opened, Call(CallSign.Bad)); // Six of twelve.
    }

    [Fact]
    public void Breaker_FailuresLongerAgoThanTheWindow_AreForgotten()
    {
        Calls(4, CallSign.Bad);
        _time.Advance(TimeSpan.FromSeconds(31));

        Calls(4, CallSign.Bad);

        Assert.True(_breaker.MayTry(Rule));
        Assert.Equal(BreakerTurn.Opened, Call(CallSign.Bad));
    }

    [Fact]
    public void Breaker_FailuresSpreadOverTheWindow_Opens()
    {
        for (int i = 0; i < 4; i++)
        {
            Call(CallSign.Bad);
            _time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.Equal(BreakerTurn.Opened, Call(CallSign.Bad));
    }

    [Fact]
    public void Breaker_SignsThatSayNothing_AreNotCounted()
    {
        Calls(4, CallSign.Bad);
        Calls(100, CallSign.None);

        Assert.Equal(BreakerTurn.Opened, Call(CallSign.Bad));
    }

    [Fact]
    public void Breaker_AfterItsRest_LetsOneProbeThrough()
    {
        Calls(5, CallSign.Bad);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(BreakerState.HalfOpen, _breaker.State(Rule));
        Assert.True(_breaker.MayTry(Rule));

        Assert.True(_breaker.TryEnter(Rule, out bool isProbe));

        Assert.True(isProbe);
        Assert.False(_breaker.MayTry(Rule));
        Assert.False(_breaker.TryEnter(Rule, out _)); // One probe, not a stampede.
    }

    [Fact]
    public void Probe_Succeeds_Closes()
    {
        Calls(5, CallSign.Bad);
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(BreakerTurn.Closed, Call(CallSign.Good));

        Assert.Equal(BreakerState.Closed, _breaker.State(Rule));
        Assert.Null(_breaker.OpenSince);
        Calls(4, CallSign.Bad); // What was before is forgotten.
        Assert.True(_breaker.MayTry(Rule));
    }

    [Fact]
    public void Probe_Fails_RestsOnceMore()
    {
        Calls(5, CallSign.Bad);
        DateTimeOffset opened = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(BreakerTurn.StaysOpen, Call(CallSign.Bad));

        Assert.False(_breaker.MayTry(Rule));
        Assert.Equal(TimeSpan.FromSeconds(30), _breaker.RestLeft(Rule));
        Assert.Equal(opened, _breaker.OpenSince);
    }

    [Fact]
    public void Probe_SaysNothing_TheNextCallIsTheProbe()
    {
        Calls(5, CallSign.Bad);
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(BreakerTurn.None, Call(CallSign.None));

        Assert.Equal(BreakerTurn.Closed, Call(CallSign.Good));
    }

    [Fact]
    public void Probe_ThatNeverReports_IsReplacedAfterAnotherRest()
    {
        Calls(5, CallSign.Bad);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(_breaker.TryEnter(Rule, out _));
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(_breaker.MayTry(Rule));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(_breaker.TryEnter(Rule, out bool isProbe));
        Assert.True(isProbe);
    }

    [Fact]
    public void Open_LateResultsOfEarlierCalls_ChangeNothing()
    {
        Calls(5, CallSign.Bad);

        Assert.Equal(BreakerTurn.None, _breaker.Record(Rule, isProbe: false, CallSign.Good));
        Assert.Equal(BreakerTurn.None, _breaker.Broke(Rule));

        Assert.Equal(BreakerState.Open, _breaker.State(Rule));
    }

    [Fact]
    public void Streams_ThatBreakAfterTheirFirstOutput_OpenIt()
    {
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(BreakerTurn.None, Call(CallSign.Good));
            Assert.Equal(i < 4 ? BreakerTurn.None : BreakerTurn.Opened, _breaker.Broke(Rule));
        }
    }

    [Fact]
    public void Streams_MostOfThemBreak_ACallIsNotCountedTwice()
    {
        Call(CallSign.Good);
        for (int i = 0; i < 4; i++)
        {
            Call(CallSign.Good);
            _breaker.Broke(Rule);
        }

        Call(CallSign.Good);
        Assert.Equal(BreakerTurn.Opened, _breaker.Broke(Rule)); // Five of six calls, not five of eleven.
    }

    [Fact]
    public void Rule_WithALongerWindowAfterAReload_StillForgets()
    {
        _time.Advance(TimeSpan.FromHours(5));
        Calls(4, CallSign.Bad);
        BreakerRule longer = Rule with { Seconds = 300 };
        _breaker.Record(longer, isProbe: false, CallSign.Bad);
        _time.Advance(TimeSpan.FromSeconds(301));

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(BreakerTurn.None, _breaker.Record(longer, isProbe: false, CallSign.Bad));
        }

        Assert.Equal(BreakerTurn.Opened, _breaker.Record(longer, isProbe: false, CallSign.Bad));
    }

    [Fact]
    public void Closed_ManyCalls_AllocateNothing()
    {
        Call(CallSign.Good);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Calls(1000, CallSign.Good);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private BreakerTurn Call(CallSign sign)
    {
        Assert.True(_breaker.TryEnter(Rule, out bool isProbe));
        return _breaker.Record(Rule, isProbe, sign);
    }

    private void Calls(int count, CallSign sign)
    {
        for (int i = 0; i < count; i++)
        {
            Call(sign);
        }
    }
}
