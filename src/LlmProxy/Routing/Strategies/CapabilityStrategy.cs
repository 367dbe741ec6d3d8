using System.Numerics;

namespace LlmProxy.Routing.Strategies;

/// <summary>Who lists the most of what the call wants, demanded or implied; then by quality, then by price.</summary>
internal sealed class CapabilityStrategy : IRouteStrategy
{
    private const double MostPrice = 900_000;

    public string Name => "capability_match";

    public double Rank(RouteTarget target, CallNeeds needs)
    {
        // Three numbers in one, each too small to reach into the next.
        double price = needs.BlendedPrice(target);
        return (-1e9 * Matches(target, needs)) - (1e6 * target.Facts.Quality) + (double.IsNaN(price) ? MostPrice : Math.Min(price, MostPrice - 1));
    }

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs) =>
        [("matches", Matches(target, needs)), ("quality", target.Facts.Quality), ("price_per_million", needs.BlendedPrice(target))];

    private static int Matches(RouteTarget target, CallNeeds needs)
    {
        int matches = BitOperations.PopCount(target.CapabilityBits & (needs.DemandedBits | needs.ImpliedBits));
        foreach (string own in needs.OwnDemands)
        {
            matches += target.Facts.Capabilities.Contains(own) ? 1 : 0;
        }

        return matches;
    }
}
