using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

public sealed class SlidingWindowTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>Random traffic against a plain list of start times, which is right by definition.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(3, 60)]
    [InlineData(4, 64)]
    [InlineData(5, 65)]
    [InlineData(6, 600)]
    [InlineData(7, 5000)]
    [InlineData(8, 600)]
    [InlineData(9, 128)]
    public void Window_RandomTraffic_KeepsTheLimitAndIsAtMostABundleStricter(int seed, int limit)
    {
        var random = new Random(seed);
        var window = new SlidingWindow();
        var model = new List<TimeSpan>();
        int strictness = limit <= SlidingWindow.BundlesPerLimit ? 0 : limit / SlidingWindow.BundlesPerLimit;
        TimeSpan now = TimeSpan.Zero;
        int admitted = 0;
        for (int i = 0; i < 15_000; i++)
        {
            now += Step(random, limit);
            model.RemoveAll(at => now - at >= Minute);
            int late = model.Count == 0 ? 0 : strictness;

            long counted = window.Sum(now);
            Assert.InRange(counted, model.Count, model.Count + late);

            TimeSpan wait = window.UntilRoom(now, limit);
            Assert.Equal(counted < limit, wait == TimeSpan.Zero);
            if (wait > TimeSpan.Zero)
            {
                TimeSpan ideal = model.Count < limit ? TimeSpan.Zero : model[^limit] + Minute - now;
                Assert.InRange(wait, ideal, ideal + SlidingWindow.BundleSpan);
                continue;
            }

            window.Add(now, limit);
            model.Add(now);
            admitted++;
            Assert.True(model.Count <= limit);
            Assert.Equal(Minute, window.UntilEmpty(now));
        }

        Assert.True(admitted > limit); // The window did slide.
    }

    [Fact]
    public void UntilRoom_JustBeforeAndAtItsEnd_RefusesThenAdmits()
    {
        var window = new SlidingWindow();
        for (int i = 0; i < 10; i++)
        {
            window.Add(TimeSpan.FromSeconds(i), limit: 10);
        }

        TimeSpan now = TimeSpan.FromSeconds(20);
        TimeSpan wait = window.UntilRoom(now, 10);

        Assert.Equal(TimeSpan.FromSeconds(40), wait);
        Assert.Equal(10, window.Sum(now + wait - TimeSpan.FromTicks(1)));
        Assert.Equal(9, window.Sum(now + wait));
    }

    [Fact]
    public void UntilRoom_LimitLowered_WaitsForAllThatAreTooMany()
    {
        var window = new SlidingWindow();
        for (int i = 0; i < 10; i++)
        {
            window.Add(TimeSpan.FromSeconds(i), limit: 10);
        }

        // With 10 counted and 3 allowed, the eighth call has to leave.
        Assert.Equal(TimeSpan.FromSeconds(7 + 60 - 20), window.UntilRoom(TimeSpan.FromSeconds(20), limit: 3));
    }

    [Fact]
    public void Window_FullAtOnce_AdmitsAWholeLimitEveryMinute()
    {
        var window = new SlidingWindow();
        int admitted = 0;
        for (TimeSpan now = TimeSpan.Zero; now < TimeSpan.FromMinutes(3); now += TimeSpan.FromMilliseconds(20))
        {
            if (window.Sum(now) < 600)
            {
                window.Add(now, 600);
                admitted++;
            }
        }

        Assert.InRange(admitted, 3 * 590, 3 * 600);
    }

    private static TimeSpan Step(Random random, int limit) => random.Next(100) switch
    {
        0 => TimeSpan.FromSeconds(random.Next(1, 90)),
        < 40 => TimeSpan.FromTicks(random.Next(10_000)),
        _ => Minute / limit * (random.NextDouble() * 1.6),
    };
}
