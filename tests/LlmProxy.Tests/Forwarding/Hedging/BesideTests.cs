using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;
using static LlmProxy.Tests.Forwarding.Planned;

namespace LlmProxy.Tests.Forwarding.Hedging;

/// <summary>Who is asked beside a slow LLM, and when nobody is.</summary>
public sealed class BesideTests
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public void Beside_SkipsWhoIsBelievedToBeDown_AndTheyKeepTheirTurn()
    {
        (TargetOrder order, _) = Order(Llm("a"), Llm("down", isUp: false), Llm("c"), Llm("d"));
        order.Next();

        Assert.Equal("c", order.Beside(_ => true)!.Deployment.Name);
        Assert.Equal("d", order.Next()!.Deployment.Name);
        Assert.Equal("down", order.Next()!.Deployment.Name);
        Assert.Null(order.Next());
    }

    [Fact]
    public void External_BelievedToBeDown_IsNotAskedBehindALocalOne()
    {
        (TargetOrder order, _) = Order(Llm("a"), Llm("down", isUp: false), Llm("home", isLocal: true));
        order.Next();
        Assert.Equal("home", order.Next()!.Deployment.Name);

        Assert.False(order.MayFollow);
        Assert.Null(order.Next());
    }

    [Fact]
    public void External_WhoseTurnALocalOneTookBeside_IsNotAskedBehindIt()
    {
        (TargetOrder order, AttemptRun run) = Order(Llm("a"), Llm("b"), Llm("home", isLocal: true));
        order.Next();
        Assert.Equal("home", order.Beside(target => target.IsLocal)!.Deployment.Name);

        Assert.False(order.MayFollow);
        Assert.Null(order.Next());
        Assert.Contains("b: external_not_allowed", run.Reason(Llm("c")), StringComparison.Ordinal);
    }

    [Fact]
    public void External_BelievedToBeDown_IsAskedLast_WhereThePlanLeavesTheHouseAnyway()
    {
        (TargetOrder order, _) = Order(Llm("down", isUp: false), Llm("home", isLocal: true), Llm("b"));

        Assert.Equal(["home", "b", "down"], [order.Next()!.Deployment.Name, order.Next()!.Deployment.Name, order.Next()!.Deployment.Name]);
    }

    [Fact]
    public void Beside_WithAnOpenBreaker_IsNotAsked()
    {
        RouteTarget open = Llm("b");
        for (int i = 0; i < 5; i++)
        {
            open.Deployment.State.Breaker.Record(open.Deployment.Resilience.Breaker, isProbe: false, CallSign.Bad);
        }

        (TargetOrder order, _) = Order(Llm("a"), open);
        order.Next();

        Assert.Null(order.Beside(_ => true));
    }

    [Fact]
    public void LastOne_TakenBeside_NobodyFollowsTheFirst()
    {
        (TargetOrder order, _) = Order(Llm("a"), Llm("b"));
        order.Next();
        Assert.True(order.MayFollow);

        order.Beside(_ => true);

        Assert.False(order.MayFollow);
        Assert.Null(order.Next());
    }

    [Theory]
    [InlineData(0, true, false)]
    [InlineData(50, true, true)]
    [InlineData(50, false, false)]
    public void Call_IsHedged_WhereTheLlmSaysSoAndAnotherMayFollow(int afterMs, bool hasNext, bool expected)
    {
        RouteTarget slow = Llm("a", afterMs: afterMs);
        (TargetOrder order, _) = hasNext ? Order(slow, Llm("b")) : Order(slow);
        order.Next();

        Assert.Equal(expected, HedgedTargets.Suits(Turns.Exchange(Chat), slow, order));
    }

    [Fact]
    public void Call_ThatStaysOnItsModel_IsNotHedged()
    {
        RouteTarget slow = Llm("a", afterMs: 50);
        (TargetOrder order, _) = Order(slow, Llm("b"));
        order.Next();

        Assert.False(HedgedTargets.Suits(Turns.Exchange("""{"model":"m","input":"x"}""", EndpointKind.Embeddings), slow, order));
    }

    [Fact]
    public void Reason_OfTheSecond_IsHedgeUntilTheFirstHasFailed()
    {
        (_, AttemptRun run) = Order();
        RouteTarget slow = Llm("a");
        run.Hedged(slow);

        Assert.Equal("a: hedge", run.Reason(Llm("b")));
        Assert.Null(run.Reason(slow));
        run.Failed(slow, new VendorFailure(LlmProxy.Pipeline.ErrorCode.ProviderError, "no"));
        Assert.Equal("a: provider_error", run.Reason(Llm("b")));
    }

    private static (TargetOrder Order, AttemptRun Run) Order(params RouteTarget[] targets)
    {
        var run = new AttemptRun(Turns.Exchange(Chat));
        return (new TargetOrder(RoutePlan.To(targets), run), run);
    }
}
