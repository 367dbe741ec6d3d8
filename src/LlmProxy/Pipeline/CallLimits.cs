using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Limits;
using LlmProxy.Routing;

namespace LlmProxy.Pipeline;

/// <summary>Which limits one call must pass, by the snapshot it took, and how much it asks for.</summary>
internal static class CallLimits
{
    /// <summary>More than any LLM writes: max_tokens may be any number, and sums must not overflow.</summary>
    private const long MostTokens = 1_000_000_000_000;

    /// <param name="exchange">The call.</param>
    /// <param name="plan">Who will be asked; null: the call reserves no tokens and no money.</param>
    /// <param name="isKnown">The cache has the answer.</param>
    public static LimitSubject Of(Exchange exchange, RoutePlan? plan = null, bool isKnown = false)
    {
        LimitsOptions gateway = exchange.Snapshot.Options.Limits;
        KeyOptions key = exchange.Caller.Key;
        exchange.Snapshot.Workspaces.TryGetValue(key.Workspace, out WorkspaceOptions? workspace);
        var subject = new LimitSubject
        {
            CallId = exchange.CallId,
            Gateway = new LimitNumbers(gateway.RequestsPerMinute, gateway.MaxParallel),
            Workspace = workspace?.Name ?? key.Workspace, // Its one spelling, whatever its keys write.
            WorkspaceLimits = workspace is null ? default : LimitNumbers.Of(workspace),
            WorkspaceBudget = workspace is null ? default : BudgetNumbers.Of(workspace),
            Weight = workspace?.Weight ?? 1,
            Key = key.Name,
            KeyLimits = LimitNumbers.Of(key),
            KeyBudget = BudgetNumbers.Of(key),
            Priority = exchange.Caller.PriorityOf(exchange.Wishes),
            User = key.PerUserRequestsPerMinute > 0 ? exchange.EndUser : null,
            UserLimits = new LimitNumbers(exchange.EndUser is null ? 0 : key.PerUserRequestsPerMinute, 0),
            IsKnown = isKnown,
            NeedsStore = gateway.WhenStoreIsDown == WhenStoreIsDown.Refuse,
            MaxWait = TimeSpan.FromSeconds(gateway.QueueSeconds),
        };
        return plan is null || isKnown ? subject : WithReservation(subject, exchange, plan.Value);
    }

    /// <summary>Of a call to /pass, whose body is not read: it reserves no tokens and no money.</summary>
    public static LimitSubject OfPass(Exchange exchange, RouteTarget target) => Of(exchange) with { IsUnpriced = IsUnpriced(exchange, target) };

    /// <summary>The same for a call that has its place already, or takes none: its tokens and its money alone.</summary>
    /// <param name="exchange">The call.</param>
    /// <param name="plan">Who will be asked.</param>
    public static LimitSubject OfUse(Exchange exchange, RoutePlan plan)
    {
        LimitSubject whole = Of(exchange, plan);
        return whole with
        {
            CallId = CallTime.NewId(exchange.Time.GetUtcNow()), // The place is held under the call's own.
            Gateway = default,
            WorkspaceLimits = whole.WorkspaceLimits with { RequestsPerMinute = 0, MaxParallel = 0 },
            KeyLimits = whole.KeyLimits with { RequestsPerMinute = 0, MaxParallel = 0 },
            User = null,
            UserLimits = default,
            TakesNoPlace = true,
        };
    }

    /// <summary>Whether the call may go only to LLMs whose price is known: it has a budget in money, and the operator wants it so.</summary>
    public static bool NeedsPrice(Exchange exchange)
    {
        KeyOptions key = exchange.Caller.Key;
        return exchange.Snapshot.Options.Limits.Unpriced == Unpriced.Refuse
            && (BudgetNumbers.Of(key).Units > 0 || (exchange.Snapshot.Workspaces.TryGetValue(key.Workspace, out WorkspaceOptions? workspace) && BudgetNumbers.Of(workspace).Units > 0));
    }

    /// <summary>
    /// The prompt is counted only where something depends on it. Where others may answer, the first LLM's place is no part of
    /// the call's: it is taken for its turn alone.
    /// </summary>
    private static LimitSubject WithReservation(in LimitSubject subject, Exchange exchange, in RoutePlan plan)
    {
        RouteTarget first = plan.Targets[0];
        LlmOptions llm = first.Deployment.Options;
        var llmLimits = LimitNumbers.Of(llm);
        bool mayFallBack = plan.Targets.Count > 1;
        bool countsTokens = (subject.KeyLimits.TokensPerMinute | subject.WorkspaceLimits.TokensPerMinute | llmLimits.TokensPerMinute) != 0
            || !subject.KeyBudget.IsUnlimited || !subject.WorkspaceBudget.IsUnlimited;
        TokenUsage expected = countsTokens ? Expected(exchange, first) : default;
        decimal? cost = PriceBook.Cost(first.Facts, first.Deployment.IsLocal, expected);
        return subject with
        {
            Llm = llmLimits.IsUnlimited || mayFallBack ? null : first.Deployment.Name,
            LlmLimits = mayFallBack ? default : llmLimits,
            Tokens = expected.Total,
            CostUnits = Money.ToUnits(cost) ?? 0,
            IsUnpriced = IsUnpriced(exchange, first),
        };
    }

    private static bool IsUnpriced(Exchange exchange, RouteTarget target) =>
        exchange.Snapshot.Options.Limits.Unpriced == Unpriced.Refuse && !UnitPrices.IsKnown(exchange.Endpoint, target);

    /// <summary>What the call may use at this LLM: its prompt, and the answer that is expected.</summary>
    public static TokenUsage Expected(Exchange exchange, RouteTarget target) =>
        new(PromptSize.Estimate(exchange), 0, 0, Math.Min(MostTokens, ExpectedOutput.Of(exchange, target)), 0);
}
