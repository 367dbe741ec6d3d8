using LlmProxy.Accounting;

namespace LlmProxy.Limits;

/// <summary>Something about money that an operator wants to hear of at once.</summary>
internal sealed record Alert
{
    public required BudgetOwner Owner { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The threshold that was passed; 0: it is the rate that is unusual.</summary>
    public int Percent { get; init; }

    /// <summary>The budget counts money; else tokens.</summary>
    public bool IsMoney { get; init; } = true;

    /// <summary>In this period, or within <see cref="SpendRate.Span"/>: units of <see cref="Money"/>, or tokens.</summary>
    public long Spent { get; init; }

    /// <summary>The budget, or what is usual.</summary>
    public long Of { get; init; }

    public PeriodSpan Span { get; init; }

    public bool IsBudget => Percent > 0;

    public string OwnerWord => Owner == BudgetOwner.Key ? Shortage.OwnerKey : Shortage.OwnerWorkspace;

    /// <summary>The whole of it in one sentence.</summary>
    public string Text => IsBudget
        ? $"The {OwnerWord} '{Name}' has spent {Amount(Spent)} of its budget of {Amount(Of)} per {PeriodWord}: {Percent} % are passed."
        : $"The {OwnerWord} '{Name}' has spent {Amount(Spent)} within {SpendRate.Span.TotalMinutes:0} minutes, more than {SpendRate.Times} times what is usual for it ({Amount(Of)}).";

    public string PeriodWord => Span.Period.ToString().ToLowerInvariant();

    public string Amount(long amount) => IsMoney ? FormattableString.Invariant($"{Money.ToUsd(amount):0.######} USD") : FormattableString.Invariant($"{amount} tokens");
}
