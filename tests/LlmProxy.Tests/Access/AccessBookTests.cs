using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Admin;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Storage;
using LlmProxy.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Access;

/// <summary>Keys in a real SQLite file, and what is remembered of them.</summary>
public sealed class AccessBookTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly SnapshotHolder _holder = new();
    private readonly AccessBook _book;
    private DatabaseTarget _target = null!;
    private SqliteDatabase _database = null!;

    public AccessBookTests() => _book = new AccessBook(_holder, _time, NullLogger<AccessBook>.Instance);

    public async Task InitializeAsync()
    {
        UtcMoments.Install();
        _target = DatabaseTarget.Parse("Data Source=llmproxy.db", _folder.Path);
        _database = new SqliteDatabase(_target);
        await Migrator.RunAsync(_database, _time, CancellationToken.None);
        await _book.RefreshAsync(_database, whole: true, CancellationToken.None);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    public void Dispose()
    {
        _book.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Key_Written_IsReadBackToTheLetter()
    {
        var options = new KeyOptions
        {
            Name = "ünï/kéy",
            Workspace = "Team B",
            AllowedModels = ["gpt-*", "a\"b"],
            RequestsPerMinute = int.MaxValue,
            TokensPerMinute = long.MaxValue,
            MaxParallel = 3,
            PerUserRequestsPerMinute = 4,
            BudgetUsd = 0.0000000000000000000000000001m,
            BudgetTokens = 5,
            BudgetPeriod = BudgetPeriod.Total,
            Priority = int.MinValue,
            ExpiresAt = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
            AllowExternal = false,
            Tags = ["t1", "t2"],
        };

        StoredKey written = (await MakeAsync(options)).Key!;

        foreach (StoredAccess access in (StoredAccess[])[_book.Current, await AgainAsync(), Remembered()])
        {
            StoredKey read = Assert.Single(access.Keys.Values);
            Assert.Equal(JsonSerializer.Serialize(written.Options), JsonSerializer.Serialize(WithOffsetOf(read.Options, written.Options)));
            Assert.Equal((written.Id, written.Hash, written.Prefix, written.CreatedAt, written.RevokedAt), (read.Id, read.Hash, read.Prefix, read.CreatedAt, read.RevokedAt));
            Assert.Equal("admin key", read.UpdatedBy);
        }
    }

    [Fact]
    public async Task Refresh_WithoutNews_ReadsNothing()
    {
        await MakeAsync(new KeyOptions { Name = "one" });
        StoredAccess known = _book.Current;

        Assert.False(await _book.RefreshAsync(_database, whole: false, CancellationToken.None));
        Assert.Same(known, _book.Current);
    }

    [Fact]
    public async Task Refresh_AfterAnotherReplicasChanges_TakesInTheNewsAlone()
    {
        await MakeAsync(new KeyOptions { Name = "one" });
        await MakeAsync(new KeyOptions { Name = "two" });
        using AccessBook other = await ReplicaAsync();
        StoredKey one = other.Current.FindKey("one")!;

        await _book.ChangeAsync(_database, (now, moment) => KeyRules.Revoke(now.FindKey("two")!, moment), "admin key", CancellationToken.None);
        Assert.True(await other.RefreshAsync(_database, whole: false, CancellationToken.None));

        Assert.True(other.Current.FindKey("two")!.IsRevoked);
        Assert.Same(one, other.Current.FindKey("one"));
    }

    [Fact]
    public async Task Change_DecidedOnOldNews_SeesWhatTheOtherDid()
    {
        using AccessBook other = await ReplicaAsync();
        await MakeAsync(new KeyOptions { Name = "taken" });

        AccessChange change = await other.ChangeAsync(_database, (now, moment) => Create(new KeyOptions { Name = "taken" }, now, moment), "admin key", CancellationToken.None);

        Assert.Equal(ErrorCode.Conflict, change.Refusal!.Code);
        Assert.Single((await AgainAsync()).Keys);
        Assert.Single(await AuditTrail.ReadAsync(_database, null, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Change_ThatBreaksWhileItIsWritten_LeavesNoTrace()
    {
        StoredAccess before = _book.Current;
        await _database.WriteAsync(
            (connection, transaction) => Dapper.SqlMapper.ExecuteAsync(connection, "drop table llmproxy_audit", transaction: transaction), CancellationToken.None);

        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => MakeAsync(new KeyOptions { Name = "half" }));

        Assert.Same(before, _book.Current);
        Assert.Empty((await AgainAsync()).Keys);
    }

    [Fact]
    public async Task Database_SetBack_IsBelievedWhole()
    {
        await MakeAsync(new KeyOptions { Name = "one" });
        await MakeAsync(new KeyOptions { Name = "two" });
        await _database.WriteAsync(
            (connection, transaction) => Dapper.SqlMapper.ExecuteAsync(
                connection, "delete from llmproxy_keys where name = 'two'; update llmproxy_access set version = 1", transaction: transaction),
            CancellationToken.None);

        await _book.RefreshAsync(_database, whole: false, CancellationToken.None);

        Assert.Equal(["one"], _book.Current.Keys.Values.Select(key => key.Name));
    }

    [Fact]
    public async Task Workspaces_ComeChangeAndGo()
    {
        AccessChange made = await _book.ChangeAsync(_database, (now, moment) => WorkspaceRules.Create(Json("""{"name": "w", "budget_usd": 0.1, "weight": 3}"""), Empty(), now, moment), "admin key", CancellationToken.None);
        Assert.Equal((0.1m, 3), (made.Workspace!.Options.BudgetUsd, made.Workspace.Options.Weight));
        await _book.ChangeAsync(_database, (now, moment) => WorkspaceRules.Change(Json("""{"weight": 4}"""), now.FindWorkspace("W")!, isWhole: false, moment), "admin key", CancellationToken.None);
        StoredWorkspace read = Assert.Single((await AgainAsync()).Workspaces);
        Assert.Equal((0.1m, 4), (read.Options.BudgetUsd, read.Options.Weight));
        Assert.Equal(read.Options.Weight, Remembered().FindWorkspace("w")!.Options.Weight);

        await _book.ChangeAsync(_database, (now, moment) => WorkspaceRules.Delete(now.FindWorkspace("w")!, Empty(), now), "admin key", CancellationToken.None);
        Assert.Empty((await AgainAsync()).Workspaces);
        Assert.Equal(["delete", "change", "create"], (await AuditTrail.ReadAsync(_database, null, 10, CancellationToken.None)).Select(entry => entry.Action));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"database":"X","version":1,"keys":null,"workspaces":null}""")]
    [InlineData("""{"database":"X","version":1,"keys":[null],"workspaces":[]}""")]
    [InlineData("""{"database":"X","version":1,"keys":[{"id":"nonsense"}],"workspaces":[]}""")]
    [InlineData("""{"database":"X","version":1,"keys":[{"id":"0193f0b0-0000-7000-8000-000000000000","key_hash":"AAAA","budget_usd":"0"}],"workspaces":[]}""")]
    public void Memory_Damaged_IsNone(string content)
    {
        string directory = _folder.File("last-good");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "keys.json"), content.Replace("\"X\"", JsonSerializer.Serialize(_target.Label), StringComparison.Ordinal));

        Assert.Null(new LastGood(directory, NullLogger.Instance).ReadAccess(_target));
    }

    [Fact]
    public async Task Keys_ByTheThousand_AreReadOnceAndFoundFast()
    {
        var memory = new Dictionary<Guid, StoredKey>();
        StoredKey pattern = (await MakeAsync(new KeyOptions { Name = "pattern" })).Key!;
        for (int i = 0; i < 10_000; i++)
        {
            var secret = NewKey.Make();
            var id = Guid.NewGuid();
            memory[id] = pattern with { Id = id, Hash = secret.Hash, Options = new KeyOptions { Name = $"key-{i}" } };
        }

        await _database.WriteAsync(
            async (connection, transaction) =>
            {
                foreach (StoredKey key in memory.Values)
                {
                    await LlmProxy.Storage.Access.AccessTables.WriteAsync(connection, transaction, LlmProxy.Storage.Access.KeyRow.Of(key, 2), CancellationToken.None);
                }

                await LlmProxy.Storage.Access.AccessTables.CountAsync(connection, transaction, 2, CancellationToken.None);
                return 0;
            },
            CancellationToken.None);

        Assert.True(await _book.RefreshAsync(_database, whole: false, CancellationToken.None));
        Assert.Equal(10_001, _book.Current.Keys.Count);
        Assert.False(await _book.RefreshAsync(_database, whole: false, CancellationToken.None));
        Assert.Equal(10_001, new KeyRing(new GatewayOptions(), _book.Current).Count);
    }

    private static KeyOptions WithOffsetOf(KeyOptions read, KeyOptions written)
    {
        KeyOptions copy = OptionFields.OfKey.Copy(read);
        copy.ExpiresAt = read.ExpiresAt?.ToOffset(written.ExpiresAt!.Value.Offset);
        return copy;
    }

    private Task<AccessChange> MakeAsync(KeyOptions options) =>
        _book.ChangeAsync(_database, (now, moment) => Create(options, now, moment), "admin key", CancellationToken.None);

    private static AccessChange Create(KeyOptions options, StoredAccess stored, DateTimeOffset now)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            OptionFields.OfKey.Write(json, options);
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(text.ToArray());
        return KeyRules.Create(document.RootElement, Empty(), stored, NewKey.Make(), now);
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static GatewaySnapshot Empty() => new LlmProxy.Tests.Routing.Plans().Snapshot;

    /// <summary>What another process would read.</summary>
    private async Task<StoredAccess> AgainAsync()
    {
        using AccessBook other = await ReplicaAsync();
        return other.Current;
    }

    private async Task<AccessBook> ReplicaAsync()
    {
        var other = new AccessBook(new SnapshotHolder(), _time, NullLogger<AccessBook>.Instance);
        await other.RefreshAsync(_database, whole: true, CancellationToken.None);
        return other;
    }

    /// <summary>What a start without the database would know.</summary>
    private StoredAccess Remembered()
    {
        string directory = _folder.File("last-good");
        new LastGood(directory, NullLogger.Instance).Write(_target, () => _book.Current);
        return new LastGood(directory, NullLogger.Instance).ReadAccess(_target)!;
    }
}
