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

    /// <summary>Random weights that are corrected later, against a plain list of entries.</summary>
    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 1000)]
    [InlineData(3, 100_000)]
    [InlineData(4, 100_000)]
    [InlineData(5, long.MaxValue)]
    public void Window_WeightsThatAreCorrected_KeepsTheLimitAndIsAtMostABundleStricter(int seed, long limit)
    {
        var random = new Random(seed);
        var window = new SlidingWindow();
        var model = new List<Entry>();
        TimeSpan now = TimeSpan.Zero;
        long largest = Math.Min(limit / 4, 1_000_000_000);
        for (int i = 0; i < 6_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(200) == 0 ? random.Next(70_000) : random.Next(150));
            model.RemoveAll(entry => now - entry.At >= Minute + SlidingWindow.BundleSpan);
            long least = model.Where(entry => now - entry.At < Minute).Sum(entry => entry.Weight);
            Assert.InRange(window.Sum(now), least, model.Sum(entry => entry.Weight));

            if (random.Next(3) == 0 && model.Count > 0)
            {
                Entry entry = model[random.Next(model.Count)];
                long by = random.NextInt64(-entry.Weight, (largest / 8) + 1);
                if (window.Correct(now, entry.Name, by) is { } corrected)
                {
                    Assert.Equal(by, corrected);
                    entry.Weight += by;
                }
                else
                {
                    Assert.True(now - entry.At >= Minute);
                }

                continue;
            }

            long weight = random.NextInt64(1, largest + 1);
            TimeSpan wait = window.UntilRoom(now, limit, weight);
            if (wait == TimeSpan.Zero)
            {
                model.Add(new Entry(window.Add(now, limit, weight), now, weight));
                Assert.True(window.Sum(now) <= limit);
            }
            else
            {
                Assert.True(window.Sum(now) > limit - weight);
                Assert.True(wait <= Minute);
            }
        }
    }

    /// <summary>Most reservations turn out small: what began long ago must not be counted on because the memory is bounded.</summary>
    [Fact]
    public void Window_ManyReservationsThatShrink_StillForgetsByTheHalfSecond()
    {
        var window = new SlidingWindow();
        const long Limit = 100_000;
        TimeSpan now = TimeSpan.Zero;
        for (int i = 0; i < 20_000; i++)
        {
            now += TimeSpan.FromMilliseconds(10);
            Assert.Equal(TimeSpan.Zero, window.UntilRoom(now, Limit, 2000));
            window.Correct(now, window.Add(now, Limit, 2000), -1990);
        }

        Assert.InRange(window.Sum(now), 60_000, 60_500);
    }

    private sealed class Entry(long name, TimeSpan at, long weight)
    {
        public long Name => name;

        public TimeSpan At => at;

        public long Weight { get; set; } = weight;
    }

    private static TimeSpan Step(Random random, int limit) => random.Next(100) switch
    {
        0 => TimeSpan.FromSeconds(random.Next(1, 90)),
        < 40 => TimeSpan.FromTicks(random.Next(10_000)),
        _ => Minute / limit * (random.NextDouble() * 1.6),
    };
}
