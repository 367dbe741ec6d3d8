using Dapper;
using LlmProxy.Routing;
using LlmProxy.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Storage;

/// <summary>What operators decide, in a real SQLite file.</summary>
public sealed class SettingStoreTests : IAsyncLifetime, IDisposable
{
    private const string Llama = """{"llm":"llama"}""";

    private readonly TemporaryFolder _folder = new();
    private readonly ManualDefault _default = new();
    private readonly FakeTimeProvider _time = new();
    private SqliteDatabase _database = null!;

    public async Task InitializeAsync()
    {
        UtcMoments.Install();
        _database = Open();
        await Migrator.RunAsync(_database, _time, CancellationToken.None);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Change_HoldsAtOnceAndIsReadBackAsItWas()
    {
        using SettingStore store = NewStore();
        await store.ChangeAsync(_database, StoredSetting.Default, Llama, "admin key", CancellationToken.None);

        Assert.Equal(new DefaultChosen("llama", null), _default.Chosen);
        StoredSetting written = Assert.Single(store.Everything);
        using SettingStore other = NewStore();
        Assert.True(await other.RefreshAsync(_database, CancellationToken.None));
        Assert.Equal(written, Assert.Single(other.Everything));
        Assert.Equal(_time.GetUtcNow(), written.UpdatedAt);
    }

    [Fact]
    public async Task Refresh_WithoutNews_SaysSo()
    {
        using SettingStore store = NewStore();
        await store.ChangeAsync(_database, StoredSetting.Default, Llama, "admin key", CancellationToken.None);

        Assert.False(await store.RefreshAsync(_database, CancellationToken.None));
    }

    [Fact]
    public async Task Change_ToNothing_ForgetsTheSettingAndKeepsTheTrail()
    {
        using SettingStore store = NewStore();
        await store.ChangeAsync(_database, StoredSetting.Default, Llama, "admin key", CancellationToken.None);
        _time.Advance(TimeSpan.FromMinutes(1));
        await store.ChangeAsync(_database, StoredSetting.Default, null, "admin key", CancellationToken.None);

        Assert.Equal(DefaultChosen.Nothing, _default.Chosen);
        Assert.Empty(store.Everything);
        IReadOnlyList<AuditEntry> trail = await AuditTrail.ReadAsync(_database, null, 10, CancellationToken.None);
        Assert.Equal([("clear", Llama, null), ("set", null, Llama)], trail.Select(e => (e.Action, e.Before, e.After)));
        Assert.Equal([_time.GetUtcNow(), _time.GetUtcNow() - TimeSpan.FromMinutes(1)], trail.Select(e => e.At));
    }

    [Fact]
    public async Task Trail_ReadInPages_MissesNothing()
    {
        using SettingStore store = NewStore();
        for (int i = 0; i < 7; i++)
        {
            await store.ChangeAsync(_database, StoredSetting.Default, $$"""{"llm":"{{i}}"}""", "admin key", CancellationToken.None);
        }

        var seen = new List<string?>();
        long? cursor = null;
        IReadOnlyList<AuditEntry> page;
        while ((page = await AuditTrail.ReadAsync(_database, cursor, 3, CancellationToken.None)).Count > 0)
        {
            seen.AddRange(page.Select(e => e.After));
            cursor = page[^1].Id;
        }

        Assert.Equal(Enumerable.Range(0, 7).Reverse().Select(i => $$"""{"llm":"{{i}}"}"""), seen);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"llm\": 5}")]
    public void Take_OfWhatThisVersionCannotRead_LeavesTheConfiguredDefault(string value)
    {
        using SettingStore store = NewStore();

        store.Take([new StoredSetting(StoredSetting.Default, value, _time.GetUtcNow(), "a newer gateway")]);

        Assert.Equal(DefaultChosen.Nothing, _default.Chosen);
    }

    [Fact]
    public async Task Migrator_OnItsOwnTables_ChangesNothingAndLeavesOthersAlone()
    {
        await _database.WriteAsync((connection, transaction) => connection.ExecuteAsync("create table somebody_elses (id integer)", transaction: transaction), CancellationToken.None);

        int newest = await Migrator.RunAsync(_database, _time, CancellationToken.None);

        Assert.Equal(newest, await Migrator.RunAsync(_database, _time, CancellationToken.None));
        IEnumerable<string> tables = await _database.ReadAsync(
            connection => connection.QueryAsync<string>("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"), CancellationToken.None);
        Assert.Contains("somebody_elses", tables);
        Assert.All(tables.Where(table => table != "somebody_elses"), table => Assert.StartsWith("llmproxy_", table, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    public async Task Migrator_BesideANewerSchema_GoesOnWhereThatIsMarkedCompatible(int isCompatible, bool goesOn)
    {
        await _database.WriteAsync(
            (connection, transaction) => connection.ExecuteAsync(
                "insert into llmproxy_migrations (id, name, applied_at, is_compatible) values (99, '0099-later', '', @isCompatible)", new { isCompatible }, transaction),
            CancellationToken.None);

        Exception? refusal = await Record.ExceptionAsync(() => Migrator.RunAsync(_database, _time, CancellationToken.None));

        Assert.Equal(goesOn, refusal is null);
        Assert.True(goesOn || refusal!.Message.Contains("newer version", StringComparison.Ordinal));
    }

    [Fact]
    public void File_OfARunningGateway_IsNotOpenedASecondTime()
    {
        IOException refusal = Assert.Throws<IOException>(Open);

        Assert.Contains("another gateway", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writes_AtOnce_AllArrive()
    {
        using SettingStore store = NewStore();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => store.ChangeAsync(_database, $"setting-{i}", "1", "admin key", CancellationToken.None)));

        Assert.Equal(20, store.Everything.Count());
        Assert.Equal(20, (await AuditTrail.ReadAsync(_database, null, 100, CancellationToken.None)).Count);
    }

    private SqliteDatabase Open() => new(DatabaseTarget.Parse("Data Source=deep/down/llmproxy.db", _folder.Path));

    private SettingStore NewStore() => new(_default, _time, NullLogger<SettingStore>.Instance);
}
