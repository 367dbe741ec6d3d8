using System.Collections.Concurrent;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Hosting;
using LlmProxy.Storage;

namespace LlmProxy.Limits;

/// <summary>
/// Makes budgets outlive the process: finds out from the books what each has spent before this process counted, and keeps
/// what is known in a file, so that a start without the database knows it too. Nothing that serves a call waits for it.
/// </summary>
internal sealed class SpendKeeper(
    LimitGate gate, SnapshotHolder snapshots, ISpendReader books, DatabaseKeeper database, GatewayBoot boot, TimeProvider time, ILogger<SpendKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>A dead process's calls, and those that ran when a budget appeared, come into the books later.</summary>
    private static readonly TimeSpan[] Again = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(120)];

    private readonly ConcurrentQueue<Reading> _opened = new();
    private readonly List<Reading> _readings = [];
    private readonly long _start = time.GetTimestamp();
    private readonly SpendFile _file = new(Path.Combine(boot.Root, "data", "last-good"), logger);
    private ConcurrentDictionary<(BudgetOwner, string, PeriodSpan), KeptSpend> _kept = new();
    private GatewaySnapshot? _seen;
    private volatile bool _isSeeded;

    /// <summary>What budgets have spent is known, or will not be known soon.</summary>
    public bool IsReady => _isSeeded || time.GetElapsedTime(_start) > Patience;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await snapshots.FirstApplied.WaitAsync(stoppingToken);
        _kept = new(_file.Read().Select(kept => KeyValuePair.Create((kept.Owner, kept.Name, PeriodSpan.Of(kept.Period, kept.Start)), kept)));
        gate.WithBudgets(budgets => budgets.Opened = OnOpened);
        using var timer = new PeriodicTimer(Turn, time);
        TimeSpan written = TimeSpan.Zero;
        try
        {
            do
            {
                OpenAll();
                await ReadAsync(stoppingToken);
                if (Elapsed - written >= WriteEvery)
                {
                    written = Elapsed;
                    Write();
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        finally
        {
            Write();
        }
    }

    private TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Budgets that a configuration names are looked up before anybody spends of them.</summary>
    private void OpenAll()
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (ReferenceEquals(snapshot, _seen))
        {
            return;
        }

        _seen = snapshot;
        DateTimeOffset now = time.GetUtcNow();
        gate.WithBudgets(budgets =>
        {
            foreach (KeyOptions key in snapshot.Keys.Callers.Select(caller => caller.Key))
            {
                Open(budgets, BudgetOwner.Key, key.Name, BudgetNumbers.Of(key), now);
            }

            foreach (WorkspaceOptions workspace in snapshot.Workspaces.Values)
            {
                Open(budgets, BudgetOwner.Workspace, workspace.Name, BudgetNumbers.Of(workspace), now);
            }

            return 0;
        });
    }

    private static void Open(BudgetBook budgets, BudgetOwner owner, string name, in BudgetNumbers numbers, DateTimeOffset now)
    {
        if (!numbers.IsUnlimited)
        {
            budgets.Open(owner, name, numbers, now);
        }
    }

    /// <summary>Under the gate's lock.</summary>
    private void OnOpened(BudgetAccount account)
    {
        if (_kept.TryRemove((account.Owner, account.Name, account.Span), out KeptSpend? kept))
        {
            account.Learn(new Spend(Math.Max(0, kept.Units), Math.Max(0, kept.Tokens)));
            (account.Marks.Units, account.Marks.Tokens) = (kept.ToldUnits, kept.ToldTokens);
        }

        _opened.Enqueue(new Reading(account));
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        while (_opened.TryDequeue(out Reading? opened))
        {
            _readings.Add(opened);
        }

        bool isAway = database.Current is null;
        int known = 0;
        for (int i = 0; i < _readings.Count && !isAway; i++)
        {
            Reading reading = _readings[i];
            if (reading.DueAt > Elapsed)
            {
                continue;
            }

            BudgetAccount account = reading.Account;
            DateTimeOffset cut = gate.WithBudgets(_ => account.Cut);
            Spend? before = await books.ReadAsync(account.Owner, account.Name, account.Span.Start, cut, stop);
            isAway = before is null;
            if (before is { } spent)
            {
                known += reading.Times == 0 ? 1 : 0;
                reading.DueAt = reading.Times < Again.Length ? Elapsed + Again[reading.Times] : TimeSpan.MaxValue;
                reading.Times++;
                gate.WithBudgets(_ =>
                {
                    account.Learn(spent);
                    return account.IsKnown = true;
                });
            }
        }

        _readings.RemoveAll(reading => reading.DueAt == TimeSpan.MaxValue);
        if (known > 0)
        {
            logger.SpendKnown(known);
        }

        _isSeeded |= !isAway || _readings.Count == 0 || database.WasTried;
    }

    private void Write()
    {
        DateTimeOffset now = time.GetUtcNow();
        List<KeptSpend> budgets = gate.WithBudgets(book => book.All.Where(account => account.Spent != default).Select(Keep).ToList());
        budgets.AddRange(_kept.Values.Where(kept => PeriodSpan.Of(kept.Period, kept.Start).End is not { } end || end > now));
        if (budgets.Count > 0)
        {
            _file.Write([.. budgets.OrderBy(kept => kept.Owner).ThenBy(kept => kept.Name, StringComparer.Ordinal).ThenBy(kept => kept.Start)]);
        }
    }

    private static KeptSpend Keep(BudgetAccount account) => new(
        account.Owner, account.Name, account.Span.Period, account.Span.Start, account.Spent.Units, account.Spent.Tokens, account.Marks.Units, account.Marks.Tokens);

    private sealed class Reading(BudgetAccount account)
    {
        public BudgetAccount Account => account;

        public int Times { get; set; }

        public TimeSpan DueAt { get; set; }
    }
}
