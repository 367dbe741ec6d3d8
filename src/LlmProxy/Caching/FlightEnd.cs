namespace LlmProxy.Caching;

/// <summary>How the one call that others wait for has ended.</summary>
internal enum FlightEnd
{
    Running,

    /// <summary>Its answer is whole.</summary>
    Landed,

    /// <summary>Nobody answered it, or its answer broke.</summary>
    Failed,

    /// <summary>It was given up for a reason of its own: refused, its client gone, too large to be shared.</summary>
    Abandoned,
}

/// <summary>What a follower sees when it looks.</summary>
/// <param name="End">Whether it runs, and how it ended.</param>
/// <param name="Published">How many bytes may go to clients.</param>
/// <param name="Changed">Done when this is no longer so.</param>
internal readonly record struct FlightView(FlightEnd End, int Published, Task Changed);
