using Dapper;
using LlmProxy.Limits;
using LlmProxy.Storage;
using LlmProxy.Tests.Storage;

namespace LlmProxy.Tests.Limits;

/// <summary>What the books say was spent, in a real SQLite file.</summary>
public sealed class LedgerSpendTests : IAsyncLifetime, IDisposable
{
    private static readonly DateTimeOffset March = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = March.AddDays(10);

    private readonly TemporaryFolder _folder = new();
    private SqliteDatabase _database = null!;

    public async Task InitializeAsync()
    {
        UtcMoments.Install();
        _database = new SqliteDatabase(DatabaseTarget.Parse("Data Source=data/calls.db", _folder.Path));
        await Migrator.RunAsync(_database, new FakeTimeProvider(), CancellationToken.None);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Sum_OfAPeriod_TakesItsFirstMomentAndNeitherTheCutNorOthers()
    {
        await AddAsync("ci", "team", March, units: 9_007_199_254_740_993, tokens: 1); // More than a double can count.
        await AddAsync("ci", "team", Now.AddTicks(-10), units: 2, tokens: 20);
        await AddAsync("ci", "other", Now.AddDays(-1), units: null, tokens: 300); // Nobody knows its price.
        await AddAsync("ci", "team", Now, units: 50, tokens: 50);
        await AddAsync("ci", "team", March.AddTicks(-10), units: 50, tokens: 50);
        await AddAsync("cd", "team", Now.AddDays(-2), units: 7, tokens: 7000);

        Assert.Equal(new Spend(9_007_199_254_740_995, 321), await SumAsync(BudgetOwner.Key, "ci"));
        Assert.Equal(new Spend(9_007_199_254_741_002, 7021), await SumAsync(BudgetOwner.Workspace, "team"));
        Assert.Equal(default, await SumAsync(BudgetOwner.Key, "' or 1=1 --"));
    }

    private Task<Spend> SumAsync(BudgetOwner owner, string name) => LedgerSpend.SumAsync(_database, owner, name, March, Now, CancellationToken.None);

    private Task<int> AddAsync(string key, string workspace, DateTimeOffset startedAt, long? units, long tokens) => _database.WriteAsync(
        (connection, transaction) => connection.ExecuteAsync(
            """
            insert into llmproxy_calls (id, started_at, finished_at, endpoint, key_name, workspace, status, outcome, attempts, input_tokens, cached_tokens,
              cache_write_tokens, output_tokens, reasoning_tokens, usage_source, cost_units, duration_ms, cache, stream, client_gone, tags)
            values (@Id, @StartedAt, @StartedAt, 'chat', @Key, @Workspace, 200, 'success', '[]', @Tokens, 0, 0, 0, 5, 'reported', @Units, 1, 'miss', 0, 0, '[]')
            """,
            new { Id = Guid.NewGuid().ToString(), StartedAt = startedAt, Key = key, Workspace = workspace, Tokens = tokens, Units = units },
            transaction),
        CancellationToken.None);
}
