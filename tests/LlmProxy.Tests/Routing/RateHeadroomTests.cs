using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class RateHeadroomTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RateHeadroom _rate;

    public RateHeadroomTests() => _rate = new RateHeadroom(_time);

    [Fact]
    public void Headroom_NothingKnown_IsWhole() => Assert.Equal(1, _rate.Left);

    [Fact]
    public void OpenAiHeaders_TheTighterLimitCounts()
    {
        Take(
            ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "50"), ("x-ratelimit-reset-requests", "12s"),
            ("x-ratelimit-limit-tokens", "40000"), ("x-ratelimit-remaining-tokens", "4000"), ("x-ratelimit-reset-tokens", "6m0s"));

        Assert.Equal(0.1, _rate.Left, 6);
    }

    [Theory]
    [InlineData("6m0s", 360)]
    [InlineData("1.5s", 1.5)]
    [InlineData("120ms", 0.12)]
    [InlineData("1h2m3s", 3723)]
    [InlineData("20", 20)]
    [InlineData("2026-01-01T00:00:40Z", 40)]
    public void Reset_AsVendorsWriteIt_EndsWhatWasSaid(string reset, double seconds)
    {
        Take(("x-ratelimit-limit-requests", "10"), ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", reset));

        _time.Advance(TimeSpan.FromSeconds(seconds - 0.01));
        Assert.Equal(0, _rate.Left);
        _time.Advance(TimeSpan.FromSeconds(0.02));
        Assert.Equal(1, _rate.Left);
    }

    [Fact]
    public void Reset_NotSaid_IsAMinute()
    {
        Take(("x-ratelimit-limit-requests", "10"), ("x-ratelimit-remaining-requests", "1"));

        Assert.Equal(0.1, _rate.Left, 6);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(1, _rate.Left);
    }

    [Theory]
    [InlineData("requests")]
    [InlineData("tokens")]
    [InlineData("input-tokens")]
    [InlineData("output-tokens")]
    public void AnthropicHeaders_OfEachKind_AreRead(string kind)
    {
        Take(
            ($"anthropic-ratelimit-{kind}-limit", "80000"), ($"anthropic-ratelimit-{kind}-remaining", "20000"),
            ($"anthropic-ratelimit-{kind}-reset", "2026-01-01T00:00:30Z"));

        Assert.Equal(0.25, _rate.Left, 6);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(1, _rate.Left);
    }

    [Fact]
    public void Refusal_LeavesNothingUntilTheVendorsTime()
    {
        _rate.Refused(TimeSpan.FromSeconds(20));

        Assert.Equal(0, _rate.Left);
        _time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(1, _rate.Left);
    }

    [Theory]
    [InlineData("x-ratelimit-", "1")]
    [InlineData("x-ratelimit-remaining", "1")]
    [InlineData("x-ratelimit-remaining-bananas", "0")]
    [InlineData("x-ratelimit-remaining-requests", "many")]
    [InlineData("x-ratelimit-reset-requests", "soon")]
    [InlineData("x-ratelimit-reset-requests", "9s9")]
    [InlineData("anthropic-ratelimit-requests", "0")]
    [InlineData("retry-after", "5")]
    public void Nonsense_ChangesNothing(string name, string value)
    {
        Take(("x-ratelimit-limit-requests", "10"), (name, value));

        Assert.Equal(1, _rate.Left);
    }

    private void Take(params ReadOnlySpan<(string Name, string Value)> headers)
    {
        foreach ((string name, string value) in headers)
        {
            _rate.Take(name, value);
        }
    }
}
