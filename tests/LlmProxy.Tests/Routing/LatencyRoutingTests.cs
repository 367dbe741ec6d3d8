using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>latency_optimized learns from calls: who becomes slow is left within 20 of them, who heals is back within a minute.</summary>
public sealed class LatencyRoutingTests
{
    private readonly Dictionary<string, double> _speed = new() { ["fast"] = 50, ["steady"] = 120, ["slow"] = 800 };
    private readonly Plans _plans = new Plans().With("fast").With("steady").With("slow");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FirstChoice_BecomesSlow_IsLeftWithinTwentyCalls(int seed)
    {
        _plans.Dice = new Random(seed);
        Call(200);
        Assert.Equal("fast", Favourite(40));

        _speed["fast"] = 600;
        Call(20);

        Assert.Equal("steady", Favourite(20));
    }

    [Theory]
    [InlineData(1, 100)] // Ten calls a second.
    [InlineData(2, 100)]
    [InlineData(3, 1000)] // One a second.
    [InlineData(4, 1000)]
    [InlineData(5, 5000)] // One in five seconds.
    public void FirstChoice_Heals_IsBackWithinAMinute(int seed, int everyMs)
    {
        _plans.Dice = new Random(seed);
        Call(100, everyMs);
        _speed["fast"] = 3000;
        Call(100, everyMs);
        Assert.Equal("steady", Favourite(9, everyMs));

        _speed["fast"] = 50;
        Call(60_000 / everyMs, everyMs);

        Assert.Equal("fast", Favourite(20, everyMs: 100));
    }

    [Fact]
    public void NewcomerThatIsFaster_WithAWrongTypicalValue_IsFoundByProbing()
    {
        Plans plans = new Plans().With("known", o => o.TypicalLatencyMs = 300).With("hidden", o => o.TypicalLatencyMs = 4000);
        _speed["known"] = 300;
        _speed["hidden"] = 40;

        Call(200, 200, plans);

        Assert.Equal("hidden", Favourite(20, 200, plans));
    }

    [Fact]
    public void FirstChoice_Fails_IsLeftAndComesBack()
    {
        foreach ((string name, double ms) in _speed)
        {
            _plans.State(name).Latency.Measured(ms, ms);
        }

        _plans.State("fast").Latency.Failed(5);

        Assert.StartsWith("steady,", Plans.Names(_plans.Plan("auto:latency_optimized", isDryRun: true)), StringComparison.Ordinal);
        _plans.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.StartsWith("fast,", Plans.Names(_plans.Plan("auto:latency_optimized", isDryRun: true)), StringComparison.Ordinal);
    }

    [Fact]
    public void Probes_AreAFewPercentAndNeverWhereNothingMayFollow()
    {
        Call(500, 1000);
        int others = 0;
        for (int i = 0; i < 1000; i++)
        {
            others += Ask(_plans) == "fast" ? 0 : 1;
            _plans.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(others, 20, 70);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal("fast", _plans.Names("auto:latency_optimized", new Wishes { Fallback = false }));
            _plans.State("fast").Latency.Measured(50, 50);
            _plans.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Probes_OfACallThatMustStayInTheHouse_StayThere()
    {
        Plans plans = new Plans().With("in-a", isLocal: true).With("in-b", isLocal: true).With("out");
        var asked = new HashSet<string>();
        for (int i = 0; i < 300; i++)
        {
            foreach (RouteTarget target in plans.Plan("auto:latency_optimized", new Wishes { LocalOnly = true }).Targets)
            {
                asked.Add(target.Deployment.Name);
            }

            plans.Time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.Equal(["in-a", "in-b"], asked.Order());
    }

    [Fact]
    public void Probes_OfACallThatPrefersTheHouse_StayThere()
    {
        Plans plans = new Plans().With("in-a", isLocal: true).With("in-b", isLocal: true).With("out");
        for (int i = 0; i < 300; i++)
        {
            Assert.StartsWith("in-", plans.Names("auto:latency_optimized", new Wishes { PreferLocal = true }), StringComparison.Ordinal);
            plans.Time.Advance(TimeSpan.FromSeconds(6));
        }
    }

    [Fact]
    public void TokensPerSecond_DecideForLongAnswers()
    {
        Plans plans = new Plans().With("quick-start").With("quick-tokens");
        plans.State("quick-start").Latency.Measured(50, 4050, 101); // 40 ms each.
        plans.State("quick-tokens").Latency.Measured(300, 500, 101); // 2 ms each.

        Assert.StartsWith("quick-start", plans.Names("auto:latency_optimized", body: """{"messages":[{}],"max_tokens":2}"""), StringComparison.Ordinal);
        Assert.StartsWith("quick-tokens", plans.Names("auto:latency_optimized", body: """{"messages":[{}],"max_tokens":500}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Balanced_FirstChoiceBecomesSlow_TakesAnother()
    {
        Plans plans = new Plans().With("a", o => o.Quality = 80).With("b", o => o.Quality = 75);
        for (int i = 0; i < 20; i++)
        {
            plans.State("a").Latency.Measured(200, 200);
            plans.State("b").Latency.Measured(200, 200);
        }

        Assert.StartsWith("a,", plans.Names("auto:balanced"), StringComparison.Ordinal);
        for (int i = 0; i < 20; i++)
        {
            plans.State("a").Latency.Measured(4000, 4000);
        }

        Assert.StartsWith("b,", plans.Names("auto:balanced"), StringComparison.Ordinal);
    }

    private string Ask(Plans plans)
    {
        string name = plans.Plan("auto:latency_optimized").Targets[0].Deployment.Name;
        plans.State(name).Latency.Measured(_speed[name], _speed[name]);
        return name;
    }

    private void Call(int times, int everyMs = 100, Plans? plans = null)
    {
        for (int i = 0; i < times; i++)
        {
            _ = Ask(plans ?? _plans);
            (plans ?? _plans).Time.Advance(TimeSpan.FromMilliseconds(everyMs));
        }
    }

    /// <summary>Who got most of the next calls.</summary>
    private string Favourite(int times, int everyMs = 100, Plans? plans = null)
    {
        var asked = new List<string>();
        for (int i = 0; i < times; i++)
        {
            asked.Add(Ask(plans ?? _plans));
            (plans ?? _plans).Time.Advance(TimeSpan.FromMilliseconds(everyMs));
        }

        return asked.GroupBy(name => name).MaxBy(group => group.Count())!.Key;
    }
}
