using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

public sealed class SpendRateTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void Rate_ElevenTimesTheUsual_IsSaidOnceAnHour()
    {
        var rate = new SpendRate();
        TimeSpan now = Spend(rate, usdPerSpan: 1, spans: 30, TimeSpan.Zero);

        Assert.False(rate.Add(Gates.Units(10), now));
        Assert.True(rate.Add(Gates.Units(1), now));
        Assert.Equal(Gates.Units(1), (long)Math.Round(rate.Usual));
        Assert.Equal(Gates.Units(11), rate.Units);
        Assert.False(rate.Add(Gates.Units(5), now));
        Assert.False(rate.Add(Gates.Units(50), now + (Hour / 2)));
        Assert.True(rate.Add(Gates.Units(500), now + Hour));
    }

    [Fact]
    public void Rate_OfATinyKey_IsNoAlarm()
    {
        var rate = new SpendRate();
        TimeSpan now = Spend(rate, usdPerSpan: 0.0001m, spans: 30, TimeSpan.Zero);

        Assert.False(rate.Add(Gates.Units(0.99m), now));
        Assert.True(rate.Add(Gates.Units(0.01m), now));
    }

    [Fact]
    public void Rate_OfANewKey_HasNoUsualForAnHour()
    {
        var rate = new SpendRate();

        Assert.False(rate.Add(Gates.Units(100), TimeSpan.Zero));
        Assert.False(rate.Add(Gates.Units(2000), Hour / 2));
    }

    [Fact]
    public void Rate_AfterDaysOfSilence_HasNothingThatIsUsual()
    {
        var rate = new SpendRate();
        TimeSpan now = Spend(rate, usdPerSpan: 1, spans: 10, TimeSpan.Zero);

        Assert.True(rate.Add(Gates.Units(2), now + TimeSpan.FromDays(10)));
    }

    [Fact]
    public void Rate_GrowingSlowly_IsTheNewUsual()
    {
        var rate = new SpendRate();
        TimeSpan now = TimeSpan.Zero;
        for (int i = 1; i < 300; i++)
        {
            Assert.False(rate.Add(Gates.Units(i / 10m), now));
            now += SpendRate.Span;
        }
    }

    private static TimeSpan Spend(SpendRate rate, decimal usdPerSpan, int spans, TimeSpan now)
    {
        for (int i = 0; i < spans; i++)
        {
            Assert.False(rate.Add(Gates.Units(usdPerSpan), now));
            now += SpendRate.Span;
        }

        return now;
    }
}
