using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

/// <summary>A gate as tests use it: calls that are expected not to wait, and subjects in few words.</summary>
internal static class Gates
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // Of the real clock, so that a lost call fails instead of hanging.

    public static LimitDecision Admit(this LimitGate gate, in LimitSubject subject)
    {
        ValueTask<LimitDecision> task = gate.ReserveAsync(subject, CancellationToken.None);
        return task.IsCompletedSuccessfully ? task.Result : throw new InvalidOperationException("The call waits.");
    }

    public static Task<LimitDecision> Reserve(this LimitGate gate, in LimitSubject subject) => gate.ReserveAsync(subject, CancellationToken.None).AsTask();

    public static Task<LimitDecision> Soon(this Task<LimitDecision> turn) => turn.WaitAsync(Patience);

    public static LimitSubject Tokens(long perMinute, long tokens, string key = "ci") => new()
    {
        Key = key,
        Workspace = "team",
        KeyLimits = new LimitNumbers(0, 0, perMinute),
        Tokens = tokens,
    };

    public static LimitSubject Budget(decimal usd, decimal cost, BudgetPeriod period = BudgetPeriod.Month) => new()
    {
        Key = "ci",
        Workspace = "team",
        KeyBudget = new BudgetNumbers(Money.ToUnits(usd), 0, period),
        CostUnits = Money.ToUnits(cost),
        Tokens = 10,
    };

    public static BudgetStanding KeyBudget(this LimitGate gate, in LimitSubject subject)
    {
        BudgetNumbers numbers = subject.KeyBudget;
        var key = new KeyOptions { Name = subject.Key, BudgetUsd = Money.ToUsd(numbers.Units), BudgetTokens = numbers.Tokens, BudgetPeriod = numbers.Period };
        return gate.Standing(key, null).Key.Budget!;
    }

    public static long Units(decimal usd) => Money.ToUnits(usd);
}
