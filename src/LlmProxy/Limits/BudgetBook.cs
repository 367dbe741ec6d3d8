namespace LlmProxy.Limits;

/// <summary>
/// The budgets that anybody has spent of, by whose they are. An account stands for one period by wall time; a few of a
/// budget's accounts are kept, so that a clock that jumps back finds the one it had. Everything needs the gate's lock.
/// </summary>
internal sealed class BudgetBook
{
    /// <summary>Enough for a budget whose period was changed and for clocks that jump over midnight and back.</summary>
    private const int MostAccounts = 4;

    private readonly Dictionary<(BudgetOwner, string), List<BudgetAccount>> _accounts = [];

    /// <summary>Told of every new account: what it has spent before is to be found out.</summary>
    public Action<BudgetAccount>? Opened { get; set; }

    public IEnumerable<BudgetAccount> All => _accounts.Values.SelectMany(accounts => accounts);

    /// <summary>The account of the period that now is.</summary>
    public BudgetAccount Open(BudgetOwner owner, string name, in BudgetNumbers budget, DateTimeOffset now)
    {
        if (_accounts.TryGetValue((owner, name), out List<BudgetAccount>? accounts))
        {
            if (Covers(accounts[^1].Span, budget, now))
            {
                return accounts[^1];
            }

            if (Find(owner, name, budget, now) is { } again)
            {
                accounts.Remove(again);
                accounts.Add(again);
                return again;
            }
        }
        else
        {
            _accounts.Add((owner, name), accounts = new List<BudgetAccount>(1));
        }

        if (accounts.Count == MostAccounts)
        {
            accounts.RemoveAt(0);
        }

        var opened = new BudgetAccount(owner, name, PeriodSpan.Of(budget.Period, now), now);
        accounts.Add(opened);
        Opened?.Invoke(opened);
        return opened;
    }

    /// <summary>Null: nothing of it is known here.</summary>
    public BudgetAccount? Find(BudgetOwner owner, string name, in BudgetNumbers budget, DateTimeOffset now)
    {
        if (_accounts.TryGetValue((owner, name), out List<BudgetAccount>? accounts))
        {
            foreach (BudgetAccount account in accounts)
            {
                if (Covers(account.Span, budget, now))
                {
                    return account;
                }
            }
        }

        return null;
    }

    private static bool Covers(in PeriodSpan span, in BudgetNumbers budget, DateTimeOffset now) =>
        span.Period == budget.Period && span.Covers(now);
}
