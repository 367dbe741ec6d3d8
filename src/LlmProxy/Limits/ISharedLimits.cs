namespace LlmProxy.Limits;

/// <summary>Limits and budgets that all replicas count together.</summary>
internal interface ISharedLimits
{
    /// <summary>Whether the operator configured one; what is done while it is away is then <c>WhenStoreIsDown</c>'s choice.</summary>
    bool IsConfigured { get; }

    /// <summary>False while it is away: nobody waits for it then.</summary>
    bool IsUp { get; }

    /// <summary>
    /// One atomic step over all holders of the call. Null: it went away while it was asked (after 50 ms at most). A shortage
    /// whose owner is <see cref="Shortage.OwnerLlm"/> reserves nothing: the gate then asks once more with <c>Llm</c> null.
    /// </summary>
    ValueTask<SharedAnswer?> TryAdmitAsync(LimitSubject subject);

    /// <summary>The store was away and this process has admitted the call by its own counters: the store is told when it is back, if the call still runs or has spent anything.</summary>
    Hold Follow(in LimitSubject subject, Hold local);
}

/// <summary>What the shared counters said.</summary>
/// <param name="Hold">Null: refused.</param>
/// <param name="Shortage">Why, and when there is room again (zero: when a running call ends).</param>
/// <param name="Requests">What is left under the tightest limit of requests.</param>
/// <param name="Tokens">The same for tokens.</param>
internal sealed record SharedAnswer(Hold? Hold, Shortage Shortage, RateReport Requests, RateReport Tokens)
{
    /// <summary>What the budgets of all replicas together have spent, where the answer says it: this process goes on from there while the store is away.</summary>
    public Spend? KeySpend { get; init; }

    public Spend? WorkspaceSpend { get; init; }

    /// <summary>On the store's clock, by which it named the budgets' periods.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>Where limits are counted in this process alone.</summary>
internal sealed class NoSharedLimits : ISharedLimits
{
    public static readonly NoSharedLimits Instance = new();

    public bool IsConfigured => false;

    public bool IsUp => false;

    public ValueTask<SharedAnswer?> TryAdmitAsync(LimitSubject subject) => default;

    public Hold Follow(in LimitSubject subject, Hold local) => local;
}
