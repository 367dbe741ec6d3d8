namespace LlmProxy.Limits;

/// <summary>
/// Everybody's counts: judges a call over gateway, workspace, key and user, and enters it with all of them at once. Kept by
/// name and outliving a reload; the numbers come with each call. Everything needs the gate's lock.
/// </summary>
internal sealed class LimitBook(TimeProvider time, UserHolders users)
{
    private readonly LimitHolder _gateway = new();
    private readonly Dictionary<string, LimitHolder> _workspaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LimitHolder> _keys = new(StringComparer.Ordinal);

    public LimitHolder Gateway => _gateway;

    public BudgetBook Budgets { get; } = new();

    public int Remembered => _workspaces.Count + _keys.Count + users.Count;

    public CallHolders Find(in LimitSubject subject, TimeSpan now) => new(
        subject.Gateway.IsUnlimited ? null : _gateway,
        subject.WorkspaceLimits.IsUnlimited && subject.WorkspaceBudget.IsUnlimited ? null : LimitHolder.Find(_workspaces, subject.Workspace),
        subject.KeyLimits.IsUnlimited && subject.KeyBudget.IsUnlimited ? null : LimitHolder.Find(_keys, subject.Key),
        subject.User is null || subject.UserLimits.IsUnlimited ? null : users.Find(subject.Key, subject.User, now))
    {
        TakesNoPlace = subject.TakesNoPlace,
    };

    /// <summary>What stands in the call's way, if anything does: of several the one that holds it back longest.</summary>
    public Shortage Check(in LimitSubject subject, in CallHolders holders, TimeSpan now)
    {
        // Whoever does not say how much it takes still needs a minute that is not used up.
        long tokens = subject.IsKnown ? 0 : Math.Max(1, subject.Tokens);
        Shortage shortage = holders.Gateway?.Check(subject.Gateway, tokens, now) ?? default;
        if (holders.Workspace?.Check(subject.WorkspaceLimits, tokens, now) is { IsNone: false } workspace)
        {
            shortage = shortage.Or(workspace with { Owner = Shortage.OwnerWorkspace, Name = subject.Workspace });
        }

        if (holders.Key?.Check(subject.KeyLimits, tokens, now) is { IsNone: false } key)
        {
            shortage = shortage.Or(key with { Owner = Shortage.OwnerKey, Name = subject.Key });
        }

        if (holders.User?.Check(subject.UserLimits, 0, now) is { IsNone: false } user)
        {
            shortage = shortage.Or(user with { Owner = Shortage.OwnerUser, Name = UserHolders.Short(subject.User!) });
        }

        return subject.IsKnown || subject.HasNoBudget ? shortage : shortage.Or(CheckBudgets(subject));
    }

    /// <summary>Enters the call with all of them, whether there is room or not.</summary>
    public Reservation Enter(in LimitSubject subject, in CallHolders holders, IPlaces places, TimeSpan now)
    {
        bool takesPlace = !holders.TakesNoPlace;
        holders.Gateway?.Enter(subject.Gateway, now, takesPlace);
        holders.Workspace?.Enter(subject.WorkspaceLimits, now, takesPlace);
        holders.Key?.Enter(subject.KeyLimits, now, takesPlace);
        holders.User?.Enter(subject.UserLimits, now, takesPlace);
        return new Reservation(places, holders, Meter(subject, holders, now));
    }

    public static LimitDecision Report(in LimitSubject subject, in CallHolders holders, Hold hold, TimeSpan now)
    {
        RateReport rate = holders.Gateway?.Report(subject.Gateway, now) ?? default;
        rate = rate.Tighter(holders.Workspace?.Report(subject.WorkspaceLimits, now) ?? default);
        rate = rate.Tighter(holders.Key?.Report(subject.KeyLimits, now) ?? default);
        rate = rate.Tighter(holders.User?.Report(subject.UserLimits, now) ?? default);
        RateReport tokens = default;
        if ((subject.WorkspaceLimits.TokensPerMinute | subject.KeyLimits.TokensPerMinute) != 0)
        {
            tokens = (holders.Workspace?.ReportTokens(subject.WorkspaceLimits, now) ?? default)
                .Tighter(holders.Key?.ReportTokens(subject.KeyLimits, now) ?? default);
        }

        return new LimitDecision(hold, null, rate) { Tokens = tokens };
    }

    public HolderStanding Standing(BudgetOwner owner, string name, in LimitNumbers limits, in BudgetNumbers budget, TimeSpan now)
    {
        LimitHolder? holder = (owner == BudgetOwner.Key ? _keys : _workspaces).GetValueOrDefault(name);
        holder ??= new LimitHolder();
        return new HolderStanding(limits, holder.Report(limits, now), holder.ReportTokens(limits, now), holder.Running, Standing(owner, name, budget));
    }

    /// <summary>A holder without running calls and without calls in the last minute knows nothing that a new one would not.</summary>
    public void Sweep(TimeSpan now)
    {
        LimitHolder.Sweep(_workspaces, now);
        LimitHolder.Sweep(_keys, now);
        users.Sweep(now);
    }

    public BudgetStanding? Standing(BudgetOwner owner, string name, in BudgetNumbers budget)
    {
        if (budget.IsUnlimited)
        {
            return null;
        }

        DateTimeOffset now = time.GetUtcNow();
        return Budgets.Find(owner, name, budget, now) is { } account
            ? new BudgetStanding(budget, account.Spent, account.Held, account.Span, account.IsKnown)
            : new BudgetStanding(budget, default, default, PeriodSpan.Of(budget.Period, now), IsKnown: false);
    }

    private Shortage CheckBudgets(in LimitSubject subject)
    {
        DateTimeOffset now = time.GetUtcNow();
        var asked = new Spend(Math.Max(0, subject.CostUnits), Math.Max(0, subject.Tokens));
        return Check(BudgetOwner.Workspace, subject.Workspace, subject.WorkspaceBudget, asked, subject.IsUnpriced, now)
            .Or(Check(BudgetOwner.Key, subject.Key, subject.KeyBudget, asked, subject.IsUnpriced, now));
    }

    private Shortage Check(BudgetOwner owner, string name, in BudgetNumbers budget, Spend asked, bool isUnpriced, DateTimeOffset now)
    {
        if (budget.IsUnlimited)
        {
            return default;
        }

        Shortage shortage = Budgets.Open(owner, name, budget, now).Check(budget, asked);
        if (isUnpriced && budget.Units > 0)
        {
            shortage = shortage.Or(new Shortage(ShortageKind.Unpriced, budget.Units, TimeSpan.Zero));
        }

        return shortage.IsNone ? shortage : shortage with { Owner = owner == BudgetOwner.Key ? Shortage.OwnerKey : Shortage.OwnerWorkspace, Name = name };
    }

    /// <summary>Null for most calls: nothing but places is counted, or the answer is known and takes nothing else.</summary>
    private Metering? Meter(in LimitSubject subject, in CallHolders holders, TimeSpan now)
    {
        bool countsTokens = (subject.WorkspaceLimits.TokensPerMinute | subject.KeyLimits.TokensPerMinute) != 0;
        if (subject.IsKnown || (!countsTokens && subject.HasNoBudget))
        {
            return null;
        }

        DateTimeOffset wall = subject.HasNoBudget ? default : time.GetUtcNow();
        var metering = new Metering(
            subject.Key,
            new TokenStake(subject.WorkspaceLimits.TokensPerMinute > 0 ? holders.Workspace : null, subject.WorkspaceLimits.TokensPerMinute),
            new TokenStake(subject.KeyLimits.TokensPerMinute > 0 ? holders.Key : null, subject.KeyLimits.TokensPerMinute),
            Stake(BudgetOwner.Workspace, subject.Workspace, subject.WorkspaceBudget, subject.CallId, wall),
            Stake(BudgetOwner.Key, subject.Key, subject.KeyBudget, subject.CallId, wall));
        metering.Hold(new Spend(Math.Max(0, subject.CostUnits), Math.Max(0, subject.Tokens)), now);
        return metering;
    }

    private BudgetStake Stake(BudgetOwner owner, string name, in BudgetNumbers budget, Guid call, DateTimeOffset now)
    {
        if (budget.IsUnlimited)
        {
            return default;
        }

        BudgetAccount account = Budgets.Open(owner, name, budget, now);
        account.Counts(CallTime.Of(call) ?? now);
        return new BudgetStake(account, budget);
    }
}
