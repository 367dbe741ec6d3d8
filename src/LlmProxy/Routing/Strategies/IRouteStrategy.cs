namespace LlmProxy.Routing.Strategies;

/// <summary>A way to order LLMs. Each candidate gets a rank; the lowest comes first, and of equals the one that stands first already.</summary>
internal interface IRouteStrategy
{
    string Name { get; }

    /// <summary>It goes by what was measured: now and then another than the best is asked, to see whether it has changed.</summary>
    bool IsLive => false;

    /// <summary>LLMs that are about to refuse for their vendor's rate limit stand behind those that are not.</summary>
    bool MindsHeadroom => true;

    /// <summary>Its ranks are drawn: asked again they are others.</summary>
    bool IsDrawn => false;

    double Rank(RouteTarget target, CallNeeds needs);

    /// <summary>What the rank is made of, for people.</summary>
    IEnumerable<(string Name, double Value)> Parts(RouteTarget target, CallNeeds needs);
}
