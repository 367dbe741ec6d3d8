using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>
/// What budgets have spent, as Redis said last, and the books behind it: from them a Redis that knows nothing is told, and what
/// it misses for good (calls of a process that died) is added.
/// </summary>
internal sealed class SpendAccounts : IAsyncDisposable
{
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan TurnLasts = TimeSpan.FromMinutes(4);

    /// <summary>So long the first calls wait for the books; after that this process admits by its own counters while it goes on asking.</summary>
    private static readonly TimeSpan SeedPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskBooksEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan NoWaitFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan KeptAfter = TimeSpan.FromDays(3);
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(400);
    private static readonly RedisScript Seed = RedisScript.Load("common", "seed");

    private readonly ConcurrentDictionary<(BudgetOwner, string), SharedAccount> _accounts = new();
    private readonly ConcurrentDictionary<(BudgetOwner, string, string), Task<bool>> _seeding = new();
    private readonly SnapshotHolder _snapshots;
    private readonly RedisLink _link;
    private readonly ISpendReader? _books;
    private readonly TimeProvider _time;
    private readonly ITimer _reconciling;
    private readonly CancellationTokenSource _stop = new();
    private long _waitedInVainAt;

    public SpendAccounts(RedisLink link, SnapshotHolder snapshots, TimeProvider time, ISpendReader? books = null)
    {
        (_link, _snapshots, _time, _books) = (link, snapshots, time, books);
        link.CameUp += OnUp;
        _reconciling = time.CreateTimer(static accounts => ((SpendAccounts)accounts!).BeginReconciling(), this, ReconcileEvery, ReconcileEvery);
    }

    /// <summary>The last look into the books.</summary>
    public Task Reconciling { get; private set; } = Task.CompletedTask;

    /// <summary>A reply told what the holder has spent.</summary>
    public void Heard(in SharedHolder holder, Spend spent, long nowMs)
    {
        SharedAccount account = _accounts.GetOrAdd((holder.BudgetOwner, holder.Name!), static _ => new SharedAccount());
        account.Hear(holder, spent, nowMs);
    }

    /// <summary>Tells Redis what these holders have spent. False: nobody knows it now.</summary>
    public async ValueTask<bool> SeedAsync(SharedHolder[] holders, IReadOnlyList<int> which)
    {
        Task<bool>[] all = [.. which.Select(index => BeginSeeding(holders[index]))];
        long waitedInVainAt = Volatile.Read(ref _waitedInVainAt);
        if (waitedInVainAt != 0 && _time.GetElapsedTime(waitedInVainAt) < NoWaitFor)
        {
            return false;
        }

        try
        {
            if (Array.TrueForAll(await Task.WhenAll(all).WaitAsync(SeedPatience, _time), isKnown => isKnown))
            {
                return true;
            }
        }
        catch (TimeoutException)
        {
            // The books go on being asked.
        }

        Volatile.Write(ref _waitedInVainAt, _time.GetTimestamp());
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        _link.CameUp -= OnUp;
        await _stop.CancelAsync();
        await _reconciling.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>What the configuration names is known before anybody asks for it.</summary>
    private void OnUp()
    {
        if (!_snapshots.IsReady)
        {
            return;
        }

        GatewaySnapshot snapshot = _snapshots.Current;
        foreach (KeyOptions key in snapshot.Options.Keys)
        {
            Open(new SharedHolder(Shortage.OwnerKey, key.Name, default, BudgetNumbers.Of(key)));
        }

        foreach (WorkspaceOptions workspace in snapshot.Workspaces.Values)
        {
            Open(new SharedHolder(Shortage.OwnerWorkspace, workspace.Name, default, BudgetNumbers.Of(workspace)));
        }
    }

    private void Open(SharedHolder holder)
    {
        if (holder.HasBudget)
        {
            _ = BeginSeeding(holder);
        }
    }

    private Task<bool> BeginSeeding(SharedHolder holder)
    {
        DateTimeOffset now = _link.Clock.Now;
        (BudgetOwner, string, string) name = (holder.BudgetOwner, holder.Name!, holder.PeriodAt(now));
        return _seeding.GetOrAdd(name, (_, state) => Task.Run(() => SeedAsync(state.name, state.holder, state.now)), (name, holder, now));
    }

    private async Task<bool> SeedAsync((BudgetOwner, string, string) name, SharedHolder holder, DateTimeOffset now)
    {
        try
        {
            await Task.Yield(); // First into the dictionary, then out of it.
            Spend? spent = await ReadBooksAsync(holder, now);
            if (_accounts.TryGetValue((holder.BudgetOwner, holder.Name!), out SharedAccount? account) && account.In(name.Item3) is { } heard)
            {
                spent = spent is { } known ? known.Larger(heard) : heard;
            }

            while (spent is null && _link.IsUp)
            {
                await Task.Delay(AskBooksEvery, _time, _stop.Token);
                spent = await ReadBooksAsync(holder, now);
            }

            return spent is { } all && await AddAsync(holder, now, all, onlyWhereNothingIsKnown: true) is not null;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            _seeding.TryRemove(name, out _);
        }
    }

    private void BeginReconciling() => Reconciling = ReconcileAsync();

    private async Task ReconcileAsync()
    {
        bool? isMine = null;
        foreach (SharedAccount account in _accounts.Values)
        {
            if (!_link.IsUp)
            {
                return;
            }

            (SharedHolder holder, DateTimeOffset now) = (account.Holder, _link.Clock.Now);
            if (await ReadBooksAsync(holder, now) is not { } books || await AddAsync(holder, now, default, onlyWhereNothingIsKnown: false) is not { } spent)
            {
                continue;
            }

            // Twice in a row: a call that has reached the books and is just being settled is no miss.
            (Spend missing, DateTimeOffset since) = account.Misses(holder.PeriodAt(now), new Spend(books.Units - spent.Units, books.Tokens - spent.Tokens), now);
            if (missing != default && (isMine ??= await IsMyTurnAsync()))
            {
                await AddAsync(holder, now, missing, onlyWhereNothingIsKnown: false, since);
            }
        }
    }

    /// <summary>One replica at a time.</summary>
    private async Task<bool> IsMyTurnAsync()
    {
        using RedisCommand command = new RedisCommand("SET"u8).Add(_link.Prefix, "reconciling").Add("1").Add("PX").Add((long)TurnLasts.TotalMilliseconds).Add("NX");
        return (await _link.AskAsync(command)).Value is not null;
    }

    private async ValueTask<Spend?> ReadBooksAsync(SharedHolder holder, DateTimeOffset now)
    {
        if (_books is null)
        {
            return default(Spend);
        }

        PeriodSpan span = PeriodSpan.Of(holder.Budget.Period, now);
        try
        {
            return await _books.ReadAsync(holder.BudgetOwner, holder.Name!, span.Start, span.End ?? now.AddDays(1), _stop.Token);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or OperationCanceledException or IOException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Returns what Redis then says was spent; null: it could not be asked.</summary>
    private async ValueTask<Spend?> AddAsync(SharedHolder holder, DateTimeOffset now, Spend spend, bool onlyWhereNothingIsKnown, DateTimeOffset booksHadIt = default)
    {
        PeriodSpan span = PeriodSpan.Of(holder.Budget.Period, now);
        TimeSpan kept = span.End is { } end ? end - now + KeptAfter : LongestKept;
        using RedisCommand command = RedisCommand.Evaluate(Seed, 1)
            .Add(_link.Prefix, holder.Key)
            .Add(holder.Letter)
            .Add(SharedHolder.DayOf(span.Start))
            .Add(spend.Units)
            .Add(spend.Tokens)
            .Add(onlyWhereNothingIsKnown ? 1 : 0)
            .Add((long)kept.TotalMilliseconds)
            .Add(booksHadIt.ToUnixTimeMilliseconds());
        return await _link.TryEvaluateAsync(Seed, command) is { } said && Encoding.ASCII.GetString(said).Split(' ') is [var units, var tokens]
            ? new Spend(long.Parse(units, CultureInfo.InvariantCulture), long.Parse(tokens, CultureInfo.InvariantCulture))
            : null;
    }
}
