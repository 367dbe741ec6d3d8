namespace LlmProxy.Routing.Strategies;

/// <summary>The highest quality first; those of which none is known come last.</summary>
internal sealed class QualityStrategy : IRouteStrategy
{
    public string Name => "quality_optimized";

    public double Rank(RouteTarget target, CallNeeds needs) => -target.Facts.Quality;

    public IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs) => [("quality", target.Facts.Quality)];
}
