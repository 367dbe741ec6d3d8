using LlmProxy.Routing;
using static LlmProxy.Tests.Forwarding.Planned;

namespace LlmProxy.Tests.Routing;

public sealed class HouseRuleTests
{
    [Fact]
    public void Dummy_BehindALocalOne_DoesNotLeaveTheHouse()
    {
        Deployment dummy = FakeProvider.Llm("dummy", "dummy", "dummy");
        RouteTarget[] targets = [Llm("outside"), Llm("home", isLocal: true), new RouteTarget(dummy, "dummy")];

        Assert.False(HouseRule.LeavesHouse(targets));
        Assert.True(HouseRule.Forbids(targets, targets[0], wasHome: true));
        Assert.False(HouseRule.Forbids(targets, targets[2], wasHome: true));
        Assert.Equal(targets, HouseRule.StayHome(targets, targets.Length));
    }
}
