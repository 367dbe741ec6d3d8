namespace LlmProxy.Limits;

/// <summary>What was spent in one period. Money in units of <see cref="Accounting.Money"/>. Never negative; at the end of the numbers it stays there.</summary>
internal readonly record struct Spend(long Units, long Tokens)
{
    /// <summary>Of two accounts of the same the one that has seen more.</summary>
    public Spend Larger(Spend other) => new(Math.Max(Units, other.Units), Math.Max(Tokens, other.Tokens));

    public Spend Plus(Spend other) => new(Add(Units, other.Units), Add(Tokens, other.Tokens));

    private static long Add(long left, long right) => right > long.MaxValue - left ? long.MaxValue : left + right;
}

/// <summary>Whose budget.</summary>
internal enum BudgetOwner
{
    Key,
    Workspace,
}

/// <summary>Knows from the books what a period has already cost.</summary>
internal interface ISpendReader
{
    /// <summary>The sum of the calls that began in [from, before). Null: it cannot be known now.</summary>
    ValueTask<Spend?> ReadAsync(BudgetOwner owner, string name, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellation);
}
