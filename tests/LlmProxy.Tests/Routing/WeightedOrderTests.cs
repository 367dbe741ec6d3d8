using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class WeightedOrderTests
{
    [Fact]
    public void Draw_ManyTimes_FirstPlacesFollowTheWeights()
    {
        RouteTarget[] targets = [Of(1), Of(3), Of(0)];
        var random = new Random(11);
        int[] first = new int[3];
        for (int round = 0; round < 4000; round++)
        {
            IReadOnlyList<RouteTarget> drawn = WeightedOrder.Draw(targets, random);
            Assert.Equal(3, drawn.Distinct().Count());
            first[Array.IndexOf(targets, drawn[0])]++;
        }

        Assert.InRange(first[0], 850, 1150);
        Assert.InRange(first[1], 2850, 3150);
        Assert.Equal(0, first[2]);
    }

    private static RouteTarget Of(int weight) => new(FakeProvider.Llm($"weight-{weight}", "openai", "m", change: o => o.Weight = weight), "m");
}
