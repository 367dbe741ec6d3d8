using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Routing;
using LlmProxy.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Storage;

public sealed class DatabaseKeeperTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualDefault _default = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keeper_WhenTheFileCannotBeOpened_TriesAgainUntilItCan()
    {
        File.WriteAllText(_folder.File("data"), "a file where the directory should be");
        using SettingStore store = NewStore();
        await using DatabaseKeeper keeper = Begun(store);
        await Until(() => keeper.WhyAway.Contains("/data", StringComparison.Ordinal) && !keeper.WhyAway.Contains("not been opened", StringComparison.Ordinal));
        Assert.Null(keeper.Current);

        File.Delete(_folder.File("data"));

        await Until(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return keeper.Current is not null;
        });
    }

    [Fact]
    public async Task Keeper_BeforeTheDatabaseAnswers_GoesByWhatItSaidLast()
    {
        using (SettingStore store = NewStore())
        {
            await using DatabaseKeeper keeper = Begun(store);
            await Until(() => keeper.Current is not null);
            await store.ChangeAsync(keeper.Current!, StoredSetting.Default, """{"provider":"ollama"}""", "admin key", CancellationToken.None);
            keeper.Remember();
        }

        var after = new ManualDefault();
        using var next = new SettingStore(after, _time, NullLogger<SettingStore>.Instance);
        await using var again = new DatabaseKeeper(next, NewBook(), _time, NullLogger<DatabaseKeeper>.Instance);
        again.Use(new DatabaseOptions(), _folder.Path);

        Assert.Equal(new DefaultChosen(null, "ollama"), after.Chosen);
        Assert.Null(again.Current);
    }

    [Fact]
    public async Task Keeper_ToldOfAnotherFile_TurnsToIt()
    {
        using SettingStore store = NewStore();
        await using DatabaseKeeper keeper = Begun(store);
        await Until(() => keeper.Current is not null);

        keeper.Use(new DatabaseOptions { Connection = "Data Source=other.db" }, _folder.Path);

        await Until(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return keeper.Current?.Target.Path == _folder.File("other.db");
        });
    }

    private AccessBook NewBook() => new(new SnapshotHolder(), _time, NullLogger<AccessBook>.Instance);

    private SettingStore NewStore() => new(_default, _time, NullLogger<SettingStore>.Instance);

    private DatabaseKeeper Begun(SettingStore store)
    {
        var keeper = new DatabaseKeeper(store, NewBook(), _time, NullLogger<DatabaseKeeper>.Instance);
        keeper.Use(new DatabaseOptions(), _folder.Path);
        keeper.Begin(CancellationToken.None);
        return keeper;
    }

    /// <summary>The work is on threads of its own: looked at until it is done, with a limit that only a failure reaches.</summary>
    private static async Task Until(Func<bool> isTrue)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isTrue())
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
