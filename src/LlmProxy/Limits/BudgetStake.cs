namespace LlmProxy.Limits;

/// <summary>What one running call holds of one budget.</summary>
internal struct BudgetStake(BudgetAccount? account, BudgetNumbers numbers)
{
    private Spend _held;

    public readonly BudgetAccount? Account => account;

    public readonly BudgetNumbers Numbers => numbers;

    /// <summary>Whether the budget has room for the whole that the call may use.</summary>
    public readonly bool HasRoom(Spend whole)
    {
        if (account is null)
        {
            return true;
        }

        // What grows is judged alone: money that has not become more needs no room.
        var more = new Spend(Math.Max(0, whole.Units - _held.Units), Math.Max(0, whole.Tokens - _held.Tokens));
        return more == default || account.Check(
            new BudgetNumbers(more.Units > 0 ? numbers.Units : 0, more.Tokens > 0 ? numbers.Tokens : 0, numbers.Period), more).IsNone;
    }

    public void Hold(Spend whole)
    {
        if (account is not null)
        {
            account.LetGo(_held);
            _held = account.Hold(whole);
        }
    }

    public void Settle(Spend used)
    {
        if (account is not null)
        {
            account.LetGo(_held);
            _held = default;
            account.Settle(used);
        }
    }
}
