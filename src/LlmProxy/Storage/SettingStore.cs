using System.Data.Common;
using Dapper;
using LlmProxy.Routing;

namespace LlmProxy.Storage;

/// <summary>The decisions that the database keeps, as last heard, and the way to change one: always with its line in the audit trail.</summary>
internal sealed class SettingStore(ManualDefault manualDefault, TimeProvider time, ILogger<SettingStore> logger) : IDisposable
{
    private const string All = "select name as Name, value as Value, updated_at as UpdatedAt, updated_by as UpdatedBy from llmproxy_settings";

    /// <summary>An answer that was read before a change must not be believed after it.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);
    private IReadOnlyDictionary<string, StoredSetting> _current = new Dictionary<string, StoredSetting>();

    /// <summary>Null when the database holds none of this name.</summary>
    public StoredSetting? Find(string name) => Volatile.Read(ref _current).GetValueOrDefault(name);

    /// <summary>Takes in what another process or an earlier run knew. True when that is news.</summary>
    public bool Take(IEnumerable<StoredSetting> settings)
    {
        var next = settings.ToDictionary(setting => setting.Name, StringComparer.Ordinal);
        bool isNews = next.Count != _current.Count || next.Values.Any(setting => _current.GetValueOrDefault(setting.Name) != setting);
        if (isNews)
        {
            Volatile.Write(ref _current, next);
            if (!manualDefault.Apply(Find(StoredSetting.Default)))
            {
                logger.SettingNotUnderstood(StoredSetting.Default);
            }
        }

        return isNews;
    }

    /// <summary>Asks the database. True when it said something new.</summary>
    public async Task<bool> RefreshAsync(IDatabase database, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            IEnumerable<Row> rows = await database.ReadAsync(
                connection => connection.QueryAsync<Row>(new CommandDefinition(All, cancellationToken: cancellation)), cancellation);
            return Take(rows.Select(row => row.ToSetting()));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Writes a value, or forgets it (null); it holds here at once.</summary>
    public async Task ChangeAsync(IDatabase database, string name, string? value, string who, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var setting = new StoredSetting(name, value ?? "", Whole(time.GetUtcNow()), who);
            IReadOnlyList<StoredSetting> now = await database.WriteAsync(
                async (connection, transaction) =>
                {
                    Row[] before = [.. await connection.QueryAsync<Row>(new CommandDefinition(All, transaction: transaction, cancellationToken: cancellation))];
                    await WriteAsync(connection, transaction, setting, isForgotten: value is null, cancellation);
                    string? old = Array.Find(before, row => row.Name == name)?.Value;
                    await AuditTrail.AddAsync(connection, transaction, new AuditEntry(0, setting.UpdatedAt, who, value is null ? "clear" : "set", name, old, value), cancellation);
                    await database.TellAsync(connection, transaction, cancellation);
                    IEnumerable<StoredSetting> others = before.Where(row => row.Name != name).Select(row => row.ToSetting());
                    return (IReadOnlyList<StoredSetting>)[.. value is null ? others : others.Append(setting)];
                },
                cancellation);
            Take(now);
        }
        finally
        {
            _turn.Release();
        }
    }

    public IEnumerable<StoredSetting> Everything => Volatile.Read(ref _current).Values;

    public void Dispose() => _turn.Dispose();

    private static Task<int> WriteAsync(DbConnection connection, DbTransaction transaction, StoredSetting setting, bool isForgotten, CancellationToken cancellation) =>
        connection.ExecuteAsync(isForgotten
            ? new CommandDefinition("delete from llmproxy_settings where name = @Name", new { setting.Name }, transaction, cancellationToken: cancellation)
            : new CommandDefinition(
                """
                insert into llmproxy_settings (name, value, updated_at, updated_by) values (@Name, @Value, @UpdatedAt, @UpdatedBy)
                on conflict (name) do update set value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by
                """,
                setting,
                transaction,
                cancellationToken: cancellation));

    /// <summary>Databases keep microseconds: what was written must compare equal to what is read.</summary>
    private static DateTimeOffset Whole(DateTimeOffset moment) => new(moment.Ticks - (moment.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);

    private sealed class Row
    {
        public string Name { get; init; } = "";

        public string Value { get; init; } = "";

        public DateTimeOffset UpdatedAt { get; init; }

        public string UpdatedBy { get; init; } = "";

        public StoredSetting ToSetting() => new(Name, Value, UpdatedAt, UpdatedBy);
    }
}
