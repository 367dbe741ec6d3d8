using System.Collections.Concurrent;
using System.Globalization;
using LlmProxy.Limits;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>
/// What budgets have spent, as Redis said last, and the books behind it: from them a Redis that knows nothing is told, and what
/// it misses for good (calls of a process that died) is added.
/// </summary>
internal sealed class SpendAccounts : IAsyncDisposable
{
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(5);

    /// <summary>So long a call waits for the books; after that this process admits it by its own counters.</summary>
    private static readonly TimeSpan SeedPatience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan KeptAfter = TimeSpan.FromDays(3);
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(400);
    private static readonly RedisScript Seed = RedisScript.Load("common", "seed");

    private readonly ConcurrentDictionary<(BudgetOwner, string), Account> _accounts = new();
    private readonly ConcurrentDictionary<(BudgetOwner, string, string), Task<bool>> _seeding = new();
    private readonly RedisLink _link;
    private readonly ISpendReader? _books;
    private readonly TimeProvider _time;
    private readonly ITimer _reconciling;
    private readonly CancellationTokenSource _stop = new();

    public SpendAccounts(RedisLink link, TimeProvider time, ISpendReader? books = null)
    {
        (_link, _time, _books) = (link, time, books);
        _reconciling = time.CreateTimer(static accounts => _ = ((SpendAccounts)accounts!).ReconcileAsync(), this, ReconcileEvery, ReconcileEvery);
    }

    /// <summary>A reply told what the holder has spent.</summary>
    public void Heard(in SharedHolder holder, Spend spent, long nowMs)
    {
        Account account = _accounts.GetOrAdd((holder.BudgetOwner, holder.Name!), static _ => new Account());
        account.Hear(holder, spent, nowMs);
    }

    /// <summary>Tells Redis what these holders have spent. False: nobody knows it now.</summary>
    public async ValueTask<bool> SeedAsync(SharedHolder[] holders, IReadOnlyList<int> which)
    {
        DateTimeOffset now = _link.Clock.Now;
        var all = new Task<bool>[which.Count];
        for (int i = 0; i < all.Length; i++)
        {
            SharedHolder holder = holders[which[i]];
            (BudgetOwner, string, string) name = (holder.BudgetOwner, holder.Name!, holder.PeriodAt(now));
            all[i] = _seeding.GetOrAdd(name, (_, state) => Task.Run(() => SeedAsync(state.name, state.holder, state.now)), (name, holder, now));
        }

        try
        {
            return Array.TrueForAll(await Task.WhenAll(all).WaitAsync(SeedPatience, _time), isKnown => isKnown);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reconciling.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<bool> SeedAsync((BudgetOwner, string, string) name, SharedHolder holder, DateTimeOffset now)
    {
        try
        {
            await Task.Yield(); // First into the dictionary, then out of it.
            Spend? spent = await ReadBooksAsync(holder, now);
            if (_accounts.TryGetValue((holder.BudgetOwner, holder.Name!), out Account? account) && account.In(name.Item3) is { } heard)
            {
                spent = spent is { } known ? known.Larger(heard) : heard;
            }

            return spent is { } all && await AddAsync(holder, now, all, onlyWhereNothingIsKnown: true) is not null;
        }
        finally
        {
            _seeding.TryRemove(name, out _);
        }
    }

    private async Task ReconcileAsync()
    {
        bool? isMine = null;
        foreach (Account account in _accounts.Values)
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
            Spend missing = account.Misses(holder.PeriodAt(now), new Spend(books.Units - spent.Units, books.Tokens - spent.Tokens));
            if (missing != default && (isMine ??= await IsMyTurnAsync()))
            {
                await AddAsync(holder, now, missing, onlyWhereNothingIsKnown: false);
            }
        }
    }

    /// <summary>One replica at a time.</summary>
    private async Task<bool> IsMyTurnAsync() => await _link.AskAsync(
        _link.Key("reconciling"),
        static (database, key) => database.StringSetAsync(key, "1", TimeSpan.FromMinutes(4), When.NotExists)) is { IsThere: true, Value: true };

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
    private async ValueTask<Spend?> AddAsync(SharedHolder holder, DateTimeOffset now, Spend spend, bool onlyWhereNothingIsKnown)
    {
        PeriodSpan span = PeriodSpan.Of(holder.Budget.Period, now);
        TimeSpan kept = span.End is { } end ? end - now + KeptAfter : LongestKept;
        RedisResult? said = await _link.TryEvaluateAsync(
            Seed,
            [_link.Key(holder.Key)],
            [holder.Letter, SharedHolder.DayOf(span.Start), spend.Units, spend.Tokens, onlyWhereNothingIsKnown ? 1 : 0, (long)kept.TotalMilliseconds]);
        return said is not null && ((string)said)?.Split(' ') is [var units, var tokens]
            ? new Spend(long.Parse(units, CultureInfo.InvariantCulture), long.Parse(tokens, CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>One budget as it was last heard of.</summary>
    private sealed class Account
    {
        private readonly Lock _lock = new();
        private SharedHolder _holder;
        private Spend _spent;
        private Spend _missed;
        private string _missedIn = "";
        private long _heardAt;

        public SharedHolder Holder
        {
            get
            {
                lock (_lock)
                {
                    return _holder;
                }
            }
        }

        public void Hear(in SharedHolder holder, Spend spent, long nowMs)
        {
            lock (_lock)
            {
                (_holder, _spent, _heardAt) = (holder, spent, nowMs);
            }
        }

        /// <summary>Null: nothing was heard of this period.</summary>
        public Spend? In(string period)
        {
            lock (_lock)
            {
                return _holder.PeriodAt(DateTimeOffset.FromUnixTimeMilliseconds(_heardAt)) == period ? _spent : null;
            }
        }

        /// <summary>Of what is missing now that part which was missing last time too.</summary>
        public Spend Misses(string period, Spend now)
        {
            lock (_lock)
            {
                Spend before = _missedIn == period ? _missed : default;
                var both = new Spend(Math.Max(0, Math.Min(before.Units, now.Units)), Math.Max(0, Math.Min(before.Tokens, now.Tokens)));
                (_missed, _missedIn) = (new Spend(now.Units - both.Units, now.Tokens - both.Tokens), period);
                return both;
            }
        }
    }
}
