namespace LlmProxy.Limits;

/// <summary>The tokens and the money that one call holds. Everything needs the lock of whoever gave it.</summary>
internal sealed class Metering
{
    private TokenStake _outer;
    private TokenStake _inner;
    private BudgetStake _outerBudget;
    private BudgetStake _innerBudget;

    /// <param name="key">Whose calls these are.</param>
    /// <param name="outer">The workspace's minute, or the LLM's.</param>
    /// <param name="inner">The key's.</param>
    /// <param name="outerBudget">The workspace's budget.</param>
    /// <param name="innerBudget">The key's.</param>
    public Metering(string key, TokenStake outer, TokenStake inner, BudgetStake outerBudget, BudgetStake innerBudget)
    {
        Key = key;
        _outer = outer;
        _inner = inner;
        _outerBudget = outerBudget;
        _innerBudget = innerBudget;
    }

    public string Key { get; }

    public bool IsSettled { get; private set; }

    public ref readonly BudgetStake WorkspaceBudget => ref _outerBudget;

    public ref readonly BudgetStake KeyBudget => ref _innerBudget;

    /// <summary>From here on the call holds this much. False: a budget has no room, and nothing changes. A minute's tokens grow in any case.</summary>
    public bool TryHold(long tokens, long costUnits, TimeSpan now)
    {
        var whole = new Spend(Math.Max(0, costUnits), Math.Max(0, tokens));
        if (!_outerBudget.HasRoom(whole) || !_innerBudget.HasRoom(whole))
        {
            return false;
        }

        Hold(whole, now);
        return true;
    }

    public void Hold(Spend whole, TimeSpan now)
    {
        _outer.Take(whole.Tokens, now);
        _inner.Take(whole.Tokens, now);
        _outerBudget.Hold(whole);
        _innerBudget.Hold(whole);
    }

    public void Settle(Spend used, TimeSpan now)
    {
        IsSettled = true;
        _outer.Take(used.Tokens, now);
        _inner.Take(used.Tokens, now);
        _outerBudget.Settle(used);
        _innerBudget.Settle(used);
    }
}
