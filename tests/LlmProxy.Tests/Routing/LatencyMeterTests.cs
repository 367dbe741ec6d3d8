using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class LatencyMeterTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly LatencyMeter _meter;

    public LatencyMeterTests() => _meter = new LatencyMeter(_time);

    [Fact]
    public void Meter_NothingMeasured_ExpectsTheTypical()
    {
        Assert.Equal(700, Expected(700));
        Assert.Equal(0, _meter.FirstOutputMs);
        Assert.False(_meter.IsMeasured);
    }

    [Fact]
    public void Meter_ManyCalls_FollowsTheNewerOnes()
    {
        Measure(100, 20);
        Measure(500, 20);

        Assert.InRange(Expected(1), 495, 500);
    }

    [Fact]
    public void Meter_StreamWithTokens_KnowsTheirPace()
    {
        _meter.Measured(200, 1200, 101);

        Assert.Equal(10, _meter.MsPerToken, 3);
        Assert.Equal(200, _meter.FirstOutputMs, 3);
        _meter.Measured(1200, 1200, 100); // A whole answer: a thousand of it were tokens.
        Assert.Equal(200, _meter.FirstOutputMs, 3);
    }

    [Fact]
    public void Meter_SlowThenSilent_FadesToTheBestSeen()
    {
        Measure(100, 10);
        Measure(5000, 10);
        Assert.InRange(Expected(1), 4500, 5000);

        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.InRange(Expected(1), 2000, 3000);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.InRange(Expected(1), 99, 300);
    }

    [Fact]
    public void Meter_OneCallAfterLongSilence_CountsForAll()
    {
        Measure(5000, 10);
        _time.Advance(TimeSpan.FromSeconds(25));
        _meter.Measured(80);

        Assert.Equal(80, Expected(1), 3);
    }

    [Fact]
    public void Meter_Failures_CountAsSlowUntilCallsSucceed()
    {
        Measure(100, 10);
        _meter.Failed(3);
        double afterOne = Expected(1);
        _meter.Failed(3);

        Assert.InRange(afterOne, 2000, 4000);
        Assert.True(Expected(1) > afterOne);
        Assert.Equal(100, _meter.FirstOutputMs, 3); // What people are shown is what was measured.
        Measure(100, 20);
        Assert.InRange(Expected(1), 100, 110);
    }

    [Fact]
    public void Meter_FailuresWithoutCalls_AreForgottenInTime()
    {
        _meter.Failed(60_000);
        Assert.True(Expected(500) > 10_000);
        _time.Advance(LatencyMeter.Fades);
        Assert.Equal(500, Expected(500), 3);
    }

    [Fact]
    public void Meter_ClientsThatLeave_CountOnlyForMoreThanWasKnown()
    {
        Measure(2000, 1);
        _meter.Waited(1500);
        Assert.Equal(2000, Expected(1), 3);
        _meter.Waited(9000);
        Assert.True(Expected(1) > 3000);
    }

    [Fact]
    public void Meter_WrittenByMany_StaysWithinWhatWasMeasured()
    {
        Parallel.For(0, 2000, i => _meter.Measured(i % 2 == 0 ? 100 : 200, 400, 20));

        Assert.InRange(_meter.FirstOutputMs, 100, 200);
    }

    private double Expected(double typical) => _meter.ExpectedFirstMs(typical, _time.GetTimestamp());

    private void Measure(double ms, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _meter.Measured(ms, ms);
        }
    }
}
