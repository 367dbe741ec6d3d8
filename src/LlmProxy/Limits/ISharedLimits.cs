namespace LlmProxy.Limits;

/// <summary>Limits and budgets that all replicas count together.</summary>
internal interface ISharedLimits
{
    /// <summary>Whether the operator configured one; what it says while it is away is then <c>WhenStoreIsDown</c>'s choice.</summary>
    bool IsConfigured { get; }

    /// <summary>False while it is away: nobody waits for it then.</summary>
    bool IsUp { get; }

    /// <summary>One atomic step over all holders of the call. Null: it went away while it was asked (after 50 ms at most).</summary>
    ValueTask<SharedAnswer?> TryAdmitAsync(LimitSubject subject);
}

/// <summary>What the shared counters said.</summary>
/// <param name="Hold">Null: refused.</param>
/// <param name="Shortage">Why, and when there is room again.</param>
/// <param name="Requests">What is left under the tightest limit of requests.</param>
/// <param name="Tokens">The same for tokens.</param>
internal sealed record SharedAnswer(Hold? Hold, Shortage Shortage, RateReport Requests, RateReport Tokens);
