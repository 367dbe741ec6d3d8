using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Limits;
using LlmProxy.Routing;

namespace LlmProxy.Pipeline;

/// <summary>Which limits one call must pass, by the snapshot it took, and how much it asks for.</summary>
internal static class CallLimits
{
    /// <param name="exchange">The call.</param>
    /// <param name="plan">Who will be asked; null: the call reserves no tokens and no money (/pass, whose bodies are not read).</param>
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
            Workspace = key.Workspace,
            WorkspaceLimits = workspace is null ? default : new LimitNumbers(workspace.RequestsPerMinute, workspace.MaxParallel, workspace.TokensPerMinute),
            WorkspaceBudget = workspace is null ? default : new BudgetNumbers(Money.ToUnits(workspace.BudgetUsd), workspace.BudgetTokens, workspace.BudgetPeriod),
            Weight = workspace?.Weight ?? 1,
            Key = key.Name,
            KeyLimits = new LimitNumbers(key.RequestsPerMinute, key.MaxParallel, key.TokensPerMinute),
            KeyBudget = new BudgetNumbers(Money.ToUnits(key.BudgetUsd), key.BudgetTokens, key.BudgetPeriod),
            Priority = exchange.Caller.PriorityOf(exchange.Wishes),
            User = key.PerUserRequestsPerMinute > 0 ? exchange.EndUser : null,
            UserLimits = new LimitNumbers(exchange.EndUser is null ? 0 : key.PerUserRequestsPerMinute, 0),
            IsKnown = isKnown,
            MaxWait = TimeSpan.FromSeconds(gateway.QueueSeconds),
        };
        return plan is null || isKnown ? subject : WithReservation(subject, exchange, plan.Value.Targets[0]);
    }

    /// <summary>The prompt is counted only where something depends on it.</summary>
    private static LimitSubject WithReservation(in LimitSubject subject, Exchange exchange, RouteTarget first)
    {
        LlmOptions llm = first.Deployment.Options;
        var llmLimits = new LimitNumbers(llm.RequestsPerMinute, llm.MaxParallel, llm.TokensPerMinute);
        bool countsTokens = (subject.KeyLimits.TokensPerMinute | subject.WorkspaceLimits.TokensPerMinute | llmLimits.TokensPerMinute) != 0
            || !subject.KeyBudget.IsUnlimited || !subject.WorkspaceBudget.IsUnlimited;
        TokenUsage expected = countsTokens ? new TokenUsage(PromptSize.Estimate(exchange), 0, 0, ExpectedOutput.Of(exchange, first), 0) : default;
        return subject with
        {
            Llm = llmLimits.IsUnlimited ? null : first.Deployment.Name,
            LlmLimits = llmLimits,
            Tokens = expected.Total,
            CostUnits = Money.ToUnits(PriceBook.Cost(first.Facts, first.Deployment.IsLocal, expected)) ?? 0,
        };
    }
}
