using LlmProxy.Conversation.Shortening;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using static LlmProxy.Tests.Conversation.Shortening.LongTalk;

namespace LlmProxy.Tests.Conversation.Shortening;

/// <summary>Whose window a call is shortened for, and when.</summary>
public sealed class TruncationPlanTests
{
    [Fact]
    public void FitPlan_WithoutTheWish_CutsNothing()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Truncation.FitPlan(exchange, RoutePlan.To([Turns.Target("custom", "m", o => o.ContextWindow = 150)]));

        Assert.Equal(0, exchange.TruncatedMessages);
    }

    [Fact]
    public void FitPlan_SeveralLlms_FitsTheWidestOfThem()
    {
        Exchange exchange = Wishing(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"), Said("assistant", "a2"), Said("user", "u3"));
        RouteTarget small = Turns.Target("custom", "m", o => { o.ContextWindow = 120; o.MaxOutputTokens = 10; });
        RouteTarget large = Turns.Target("custom", "n", o => { o.ContextWindow = 400; o.MaxOutputTokens = 10; });

        Truncation.FitPlan(exchange, RoutePlan.To([small, large]));

        Assert.Equal("u2 a2 u3", Left(exchange));
    }

    [Fact]
    public void FitPlan_OneWindowUnknown_CutsNothingYet()
    {
        Exchange exchange = Wishing(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Truncation.FitPlan(exchange, RoutePlan.To([Turns.Target("custom", "m", o => o.ContextWindow = 150), Turns.Target("custom", "unheard-of")]));

        Assert.Equal(0, exchange.TruncatedMessages);
    }

    [Fact]
    public void TryShorten_WindowUnknown_CutsAQuarterAtATime()
    {
        Exchange exchange = Wishing([.. Enumerable.Range(1, 8).Select(i => Said(i % 2 == 1 ? "user" : "assistant", "m" + i)), Said("user", "last")]);
        RouteTarget target = Turns.Target("custom", "unheard-of");

        Assert.True(Truncation.TryShorten(exchange, target));
        Assert.Equal("m5 m6 m7 m8 last", Left(exchange));
        Assert.True(Truncation.TryShorten(exchange, target));
        Assert.Equal("m7 m8 last", Left(exchange));
        Assert.True(Truncation.TryShorten(exchange, target));
        Assert.Equal("last", Left(exchange));
        Assert.False(Truncation.TryShorten(exchange, target));
        Assert.Equal(8, exchange.TruncatedMessages);
    }

    [Fact]
    public void TryShorten_WindowThoughtToBeKept_CutsAllTheSame()
    {
        Exchange exchange = Wishing(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Assert.True(Truncation.TryShorten(exchange, Turns.Target("custom", "m", o => o.ContextWindow = 100_000)));

        Assert.Equal("u2", Left(exchange));
    }

    [Fact]
    public void TryShorten_WithoutTheWish_IsFalse()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Assert.False(Truncation.TryShorten(exchange, Turns.Target("custom", "m", o => o.ContextWindow = 100)));
    }
}
