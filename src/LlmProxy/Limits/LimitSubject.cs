using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Limits;

/// <summary>What one holder may do; 0: no limit.</summary>
internal readonly record struct LimitNumbers(int RequestsPerMinute, int MaxParallel, long TokensPerMinute = 0)
{
    public bool IsUnlimited => ((long)RequestsPerMinute | (long)MaxParallel | TokensPerMinute) == 0;

    public static LimitNumbers Of(KeyOptions key) => new(key.RequestsPerMinute, key.MaxParallel, key.TokensPerMinute);

    public static LimitNumbers Of(WorkspaceOptions workspace) => new(workspace.RequestsPerMinute, workspace.MaxParallel, workspace.TokensPerMinute);

    public static LimitNumbers Of(LlmOptions llm) => new(llm.RequestsPerMinute, llm.MaxParallel, llm.TokensPerMinute);
}

/// <summary>What one holder may spend in a period; 0: as much as it likes. Money in units of <see cref="Money"/>.</summary>
internal readonly record struct BudgetNumbers(long Units, long Tokens, BudgetPeriod Period)
{
    public bool IsUnlimited => (Units | Tokens) == 0;

    public static BudgetNumbers Of(KeyOptions key) => new(Money.ToUnits(key.BudgetUsd), key.BudgetTokens, key.BudgetPeriod);

    public static BudgetNumbers Of(WorkspaceOptions workspace) => new(Money.ToUnits(workspace.BudgetUsd), workspace.BudgetTokens, workspace.BudgetPeriod);
}

/// <summary>Whose limits one call must pass, with the numbers of the snapshot that the call took, and how much it asks for.</summary>
internal readonly record struct LimitSubject
{
    /// <summary>The call's id: a reservation is known by it on every replica.</summary>
    public Guid CallId { get; init; }

    public LimitNumbers Gateway { get; init; }

    public string Workspace { get; init; }

    public LimitNumbers WorkspaceLimits { get; init; }

    public BudgetNumbers WorkspaceBudget { get; init; }

    /// <summary>The workspace's part of the turns, where calls wait.</summary>
    public int Weight { get; init; }

    public string Key { get; init; }

    public LimitNumbers KeyLimits { get; init; }

    public BudgetNumbers KeyBudget { get; init; }

    /// <summary>Of calls of one workspace that wait, the lower goes first.</summary>
    public int Priority { get; init; }

    /// <summary>The end user, where the key limits each of them; else null.</summary>
    public string? User { get; init; }

    public LimitNumbers UserLimits { get; init; }

    /// <summary>The LLM, where it has limits of its own and no other can answer; else null.</summary>
    public string? Llm { get; init; }

    public LimitNumbers LlmLimits { get; init; }

    /// <summary>Reserved until it is known: the prompt and the expected answer. 0 for an answer that the cache holds.</summary>
    public long Tokens { get; init; }

    /// <summary>What that would cost, in units of <see cref="Money"/>.</summary>
    public long CostUnits { get; init; }

    /// <summary>The answer is known already: it counts as a request, costs nothing and passes a spent budget.</summary>
    public bool IsKnown { get; init; }

    /// <summary>Nobody knows what the call costs, and the operator wants such calls refused where a budget in USD applies.</summary>
    public bool IsUnpriced { get; init; }

    /// <summary>The call has its place under another id, or needs none: it is none more of those that run.</summary>
    public bool TakesNoPlace { get; init; }

    /// <summary>The operator wants calls refused while the limits that all replicas share cannot be asked.</summary>
    public bool NeedsStore { get; init; }

    /// <summary>How long the call may wait for its turn; zero: it is refused at once.</summary>
    public TimeSpan MaxWait { get; init; }

    public bool HasNoBudget => WorkspaceBudget.IsUnlimited && KeyBudget.IsUnlimited;

    public bool IsUnlimited => Gateway.IsUnlimited && WorkspaceLimits.IsUnlimited && KeyLimits.IsUnlimited && UserLimits.IsUnlimited
        && HasNoBudget;
}
