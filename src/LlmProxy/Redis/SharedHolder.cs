using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>One of those whose limits a call must pass, as Redis knows it.</summary>
/// <param name="Owner">One of <see cref="Shortage"/>'s words; null: the gateway.</param>
/// <param name="Name">Null for the gateway.</param>
internal readonly record struct SharedHolder(string? Owner, string? Name, LimitNumbers Limits, BudgetNumbers Budget)
{
    /// <summary>It counts what runs, not only what begins.</summary>
    public bool Reserves => Limits.MaxParallel > 0 || Limits.TokensPerMinute > 0 || HasBudget;

    public bool HasBudget => !Budget.IsUnlimited;

    /// <summary>The call is none more of those that run here.</summary>
    public bool TakesNoPlace { get; init; }

    public string Key => Owner is null ? "limit:gateway" : $"limit:{Owner}:{Name}";

    public string Letter => HasBudget ? LetterOf(Budget.Period) : "";

    public BudgetOwner BudgetOwner => Owner == Shortage.OwnerWorkspace ? BudgetOwner.Workspace : BudgetOwner.Key;

    /// <summary>Those of the call that limit anything, in a fixed order.</summary>
    public static SharedHolder[] Of(in LimitSubject subject)
    {
        Span<SharedHolder> all =
        [
            new(null, null, subject.Gateway, default),
            new(Shortage.OwnerWorkspace, subject.Workspace, subject.WorkspaceLimits, subject.WorkspaceBudget) { TakesNoPlace = subject.TakesNoPlace },
            new(Shortage.OwnerKey, subject.Key, subject.KeyLimits, subject.KeyBudget) { TakesNoPlace = subject.TakesNoPlace },
            new(Shortage.OwnerUser, subject.User is null ? null : $"{subject.Key}:{UserHolders.Short(subject.User)}", subject.User is null ? default : subject.UserLimits, default),
            new(Shortage.OwnerLlm, subject.Llm, subject.Llm is null ? default : subject.LlmLimits, default),
        ];
        int count = 0;
        foreach (SharedHolder holder in all)
        {
            if (!holder.Limits.IsUnlimited || holder.HasBudget)
            {
                all[count++] = holder;
            }
        }

        return all[..count].ToArray();
    }

    /// <summary>The period's name in Redis: its letter, and its first day counted from 1970.</summary>
    public string PeriodAt(DateTimeOffset now) => HasBudget ? PeriodName(Budget.Period, now) : "";

    public static string PeriodName(BudgetPeriod period, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{LetterOf(period)}{DayOf(PeriodSpan.Of(period, now).Start)}");

    public static long DayOf(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / 86_400;

    private static string LetterOf(BudgetPeriod period) => period switch
    {
        BudgetPeriod.Day => "d",
        BudgetPeriod.Week => "w",
        BudgetPeriod.Month => "m",
        _ => "t",
    };
}
