using LlmProxy.Configuration;

namespace LlmProxy.Limits;

/// <summary>Looks at what calls have cost when they are settled: thresholds of budgets, and keys that spend unusually much. Needs the gate's lock.</summary>
internal sealed class SpendWatch(SnapshotHolder snapshots, AlertDesk desk, TimeProvider time)
{
    /// <summary>Keys whose rate is remembered; there are hardly ever more.</summary>
    private const int MostRates = 100_000;

    private readonly Dictionary<string, SpendRate> _rates = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();
    private List<int>? _written;
    private int[] _thresholds = [];

    public void Settled(Metering metering, Spend used)
    {
        if (used == default || !snapshots.IsReady)
        {
            return;
        }

        List<int> written = snapshots.Current.Options.Alerts.At;
        if (!ReferenceEquals(written, _written))
        {
            (_written, _thresholds) = (written, [.. written.Distinct().Order()]);
        }

        Look(metering.WorkspaceBudget);
        Look(metering.KeyBudget);
        if (used.Units > 0)
        {
            LookAtRate(metering.Key, used.Units);
        }
    }

    private void Look(in BudgetStake stake)
    {
        if (stake.Account is { } account)
        {
            BudgetNumbers numbers = stake.Numbers;
            account.Marks.Pass(numbers, account.Spent, _thresholds, (percent, isMoney) => desk.Raise(new Alert
            {
                Owner = account.Owner,
                Name = account.Name,
                At = time.GetUtcNow(),
                Percent = percent,
                IsMoney = isMoney,
                Spent = isMoney ? account.Spent.Units : account.Spent.Tokens,
                Of = isMoney ? numbers.Units : numbers.Tokens,
                Span = account.Span,
            }));
        }
    }

    private void LookAtRate(string key, long units)
    {
        if (!_rates.TryGetValue(key, out SpendRate? rate))
        {
            if (_rates.Count >= MostRates)
            {
                return;
            }

            _rates.Add(key, rate = new SpendRate());
        }

        if (rate.Add(units, time.GetElapsedTime(_start)))
        {
            desk.Raise(new Alert { Owner = BudgetOwner.Key, Name = key, At = time.GetUtcNow(), Spent = rate.Units, Of = (long)Math.Min(rate.Usual, long.MaxValue) });
        }
    }
}
