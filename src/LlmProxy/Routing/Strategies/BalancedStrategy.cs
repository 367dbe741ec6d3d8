namespace LlmProxy.Routing.Strategies;

/// <summary>Quality, price and measured speed weighed against each other; the highest score first. docs/routing.md has the formula.</summary>
internal sealed class BalancedStrategy : IRouteStrategy
{
    private const double QualityWeight = 0.5;
    private const double PriceWeight = 0.25;
    private const double SpeedWeight = 0.25;
    private const double UnknownQuality = 50;
    private const double UnknownPrice = 10;
    private const double MiddlePrice = 5;
    private const double MiddleMs = 2000;

    public string Name => "balanced";

    public bool IsLive => true;

    public double Rank(RouteTarget target, CallNeeds needs) =>
        -((QualityWeight * Quality(target)) + (PriceWeight * Price(target, needs)) + (SpeedWeight * Speed(target, needs)));

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs) =>
        [("quality", Quality(target)), ("price", Price(target, needs)), ("speed", Speed(target, needs))];

    private static double Quality(RouteTarget target) => (target.Facts.Quality > 0 ? target.Facts.Quality : UnknownQuality) / 100;

    private static double Price(RouteTarget target, CallNeeds needs)
    {
        double price = needs.BlendedPrice(target);
        return MiddlePrice / (MiddlePrice + (double.IsNaN(price) ? UnknownPrice : price));
    }

    private static double Speed(RouteTarget target, CallNeeds needs) => MiddleMs / (MiddleMs + needs.FirstOutputMs(target));
}
