using LlmProxy.Configuration.Options;

namespace LlmProxy.Limits;

/// <summary>The part of a day, week or month that a moment lies in, UTC.</summary>
internal readonly record struct PeriodSpan(BudgetPeriod Period, DateTimeOffset Start, DateTimeOffset? End)
{
    public bool Covers(DateTimeOffset moment) => moment >= Start && (End is not { } end || moment < end);

    public static PeriodSpan Of(BudgetPeriod period, DateTimeOffset now)
    {
        var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        switch (period)
        {
            case BudgetPeriod.Day:
                return new PeriodSpan(period, day, day.AddDays(1));
            case BudgetPeriod.Week:
                DateTimeOffset monday = day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
                return new PeriodSpan(period, monday, monday.AddDays(7));
            case BudgetPeriod.Month:
                var first = new DateTimeOffset(day.Year, day.Month, 1, 0, 0, 0, TimeSpan.Zero);
                return new PeriodSpan(period, first, first.AddMonths(1));
            default:
                return new PeriodSpan(period, DateTimeOffset.UnixEpoch, null);
        }
    }
}
