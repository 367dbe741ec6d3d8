using LlmProxy.Forwarding.Continuation;
using LlmProxy.Routing;
using static LlmProxy.Tests.Forwarding.Planned;

namespace LlmProxy.Tests.Forwarding.Continuation;

/// <summary>Who is asked to go on with a broken answer, and in which order.</summary>
public sealed class AbleTests
{
    [Fact]
    public void Next_AreThoseBehindTheBrokenOne_DownOnesLast() =>
        Assert.Equal(["c", "down"], Able(broken: 1, Llm("a"), Llm("b"), Llm("down", isUp: false), Llm("c")));

    [Fact]
    public void External_BelievedToBeDown_IsNotAskedBehindALocalOne() =>
        Assert.Equal(["home"], Able(broken: 0, Llm("a"), Llm("down", isUp: false), Llm("home", isLocal: true)));

    [Fact]
    public void External_BelievedToBeDown_FollowsALocalOne_WhereThePlanLeavesTheHouseAnyway() =>
        Assert.Equal(["b", "down"], Able(broken: 0, Llm("home", isLocal: true), Llm("down", isUp: false), Llm("b")));

    private static IEnumerable<string> Able(int broken, params RouteTarget[] targets) =>
        Continuer.Able(RoutePlan.To(targets), targets[broken]).Select(target => target.Deployment.Name);
}
