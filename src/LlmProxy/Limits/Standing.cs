namespace LlmProxy.Limits;

/// <summary>How a key stands at this moment: what it may, and what is left of it.</summary>
/// <param name="Key">The key's own.</param>
/// <param name="Workspace">Its workspace's; null where that is configured nowhere.</param>
internal sealed record KeyStanding(HolderStanding Key, HolderStanding? Workspace);

/// <summary>Limits of one holder, and what is left of them.</summary>
/// <param name="Limits">0: no limit.</param>
/// <param name="Requests">Empty without such a limit.</param>
/// <param name="Tokens">Empty without such a limit.</param>
/// <param name="Running">Calls that run now; counted only where the holder has any limit.</param>
/// <param name="Budget">Null: it may spend what it likes.</param>
internal sealed record HolderStanding(LimitNumbers Limits, RateReport Requests, RateReport Tokens, int Running, BudgetStanding? Budget);

/// <summary>One budget and what has become of it.</summary>
/// <param name="Numbers">0: no budget of that kind.</param>
/// <param name="Spent">By calls that are over.</param>
/// <param name="Held">By calls that are running.</param>
/// <param name="Span">The period; its end is null for "total".</param>
/// <param name="IsKnown">False: the ledger could not be read yet, and more may have been spent.</param>
internal sealed record BudgetStanding(BudgetNumbers Numbers, Spend Spent, Spend Held, PeriodSpan Span, bool IsKnown)
{
    /// <summary>In units of <see cref="Accounting.Money"/>; null without a budget in USD.</summary>
    public long? UnitsLeft => Numbers.Units == 0 ? null : Math.Max(0, Numbers.Units - Spent.Units);

    public long? TokensLeft => Numbers.Tokens == 0 ? null : Math.Max(0, Numbers.Tokens - Spent.Tokens);
}
