using System.Data.Common;
using Dapper;
using Npgsql;

namespace LlmProxy.Storage;

/// <summary>PostgreSQL, shared by all replicas.</summary>
internal sealed class PostgresDatabase : IDatabase
{
    /// <summary>Any number will do, as long as nobody else's migrations in the same database take it.</summary>
    private const long TablesLock = 0x6C6C6D70726F7879;

    private const int ConnectSeconds = 5;
    private const int CommandSeconds = 5;
    private const int MostConnections = 10;

    private readonly NpgsqlDataSource _source;
    private readonly PostgresBell _bell;

    public PostgresDatabase(DatabaseTarget target)
    {
        Target = target;
        var settings = new NpgsqlConnectionStringBuilder(target.Connection);
        SetUnlessWritten(settings, "Timeout", ConnectSeconds);
        SetUnlessWritten(settings, "Command Timeout", CommandSeconds);
        SetUnlessWritten(settings, "Maximum Pool Size", MostConnections);
        SetUnlessWritten(settings, "Application Name", "llmproxy");
        _source = NpgsqlDataSource.Create(settings);
        _bell = new PostgresBell(settings);
    }

    public DatabaseTarget Target { get; }

    public bool IsShared => true;

    public string Scripts => "PostgreSql";

    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellation);
        return await work(connection);
    }

    public async Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        T result = await work(connection, transaction);
        await transaction.CommitAsync(cancellation);
        return result;
    }

    public Task LockTablesAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => connection.ExecuteAsync(
        new CommandDefinition("select pg_advisory_xact_lock(@TablesLock)", new { TablesLock }, transaction, commandTimeout: 60, cancellationToken: cancellation));

    public Task TellAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => PostgresBell.RingAsync(connection, transaction, cancellation);

    public Task WaitForNewsAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellation) => _bell.WaitAsync(atMost, time, cancellation);

    public async ValueTask DisposeAsync()
    {
        await _bell.DisposeAsync();
        await _source.DisposeAsync();
    }

    private static void SetUnlessWritten(NpgsqlConnectionStringBuilder settings, string key, object value)
    {
        if (!settings.ContainsKey(key))
        {
            settings[key] = value;
        }
    }
}
