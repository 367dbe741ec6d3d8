namespace LlmProxy.Limits;

/// <summary>
/// One budget in one period: what calls that are over have spent, and what running ones hold. A call's cost goes into the
/// account in which it was reserved, also when the period ends or the clock jumps meanwhile.
/// </summary>
internal sealed class BudgetAccount(BudgetOwner owner, string name, PeriodSpan span, DateTimeOffset openedAt)
{
    private Spend _before;
    private Spend _settled;

    public BudgetOwner Owner => owner;

    public string Name => name;

    public PeriodSpan Span => span;

    /// <summary>Calls that began earlier are the books' to tell, later ones this process's own.</summary>
    public DateTimeOffset Cut { get; private set; } = openedAt;

    /// <summary>What was spent before the cut is known.</summary>
    public bool IsKnown { get; set; }

    public Spend Spent => _before.Plus(_settled);

    public Spend Held { get; private set; }

    /// <summary>Which thresholds were passed already.</summary>
    public BudgetMarks Marks { get; } = new();

    /// <summary>What the books say of the time before the cut. They can only ever learn more: what is away now comes later.</summary>
    public void Learn(Spend before) => _before = _before.Larger(before);

    /// <summary>What everybody together has spent, by a count that this process's own calls are in.</summary>
    public void LearnWhole(Spend whole)
    {
        Spend spent = Spent;
        _before = _before.Plus(new Spend(Math.Max(0, whole.Units - spent.Units), Math.Max(0, whole.Tokens - spent.Tokens)));
    }

    /// <summary>A call that is counted here must not be read from the books as well.</summary>
    public void Counts(DateTimeOffset callBegan) => Cut = callBegan < Cut ? callBegan : Cut;

    /// <summary>What stands in the way of holding this much more, if anything does.</summary>
    public Shortage Check(in BudgetNumbers budget, Spend more) =>
        Check(budget.Units, Spent.Units, Held.Units, more.Units, isMoney: true)
            .Or(Check(budget.Tokens, Spent.Tokens, Held.Tokens, more.Tokens, isMoney: false));

    /// <summary>Holds that much more, whether there is room or not; returns what was counted.</summary>
    public Spend Hold(Spend more)
    {
        Spend before = Held;
        Held = before.Plus(more);
        return new Spend(Held.Units - before.Units, Held.Tokens - before.Tokens);
    }

    public void LetGo(Spend held) => Held = new Spend(Held.Units - held.Units, Held.Tokens - held.Tokens);

    public void Settle(Spend used) => _settled = _settled.Plus(used);

    private static Shortage Check(long budget, long spent, long held, long more, bool isMoney)
    {
        if (budget == 0)
        {
            return default;
        }

        long left = budget - spent;
        ShortageKind kind = left <= 0 || more > left ? ShortageKind.BudgetSpent
            : more > left - held ? ShortageKind.BudgetHeld
            : ShortageKind.None;
        return kind == ShortageKind.None ? default : new Shortage(kind, budget, TimeSpan.Zero) { Asked = more, IsMoney = isMoney };
    }
}
