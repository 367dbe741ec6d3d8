using System.Data.Common;
using Dapper;
using LlmProxy.Storage;
using Microsoft.Data.Sqlite;

namespace LlmProxy.Tests.Accounting.Ledger;

/// <summary>The same SQLite file by one connection that a test can spoil: settings like a most-pages limit hold for a connection alone.</summary>
internal sealed class HeldConnection : IDatabase, IDisposable
{
    private readonly SqliteConnection _connection;

    public HeldConnection(IDatabase database)
    {
        Target = database.Target;
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder(database.Target.Connection) { Pooling = false }.ToString());
        _connection.Open();
    }

    public DatabaseTarget Target { get; }

    public bool IsShared => false;

    public string Scripts => "Sqlite";

    public Task ExecuteAsync(string sql) => _connection.ExecuteAsync(sql);

    public Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation) => work(_connection);

    public async Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellation)
    {
        await using SqliteTransaction transaction = _connection.BeginTransaction(deferred: true);
        T result = await work(_connection, transaction);
        transaction.Commit();
        return result;
    }

    public Task LockTablesAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => Task.CompletedTask;

    public Task TellAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => Task.CompletedTask;

    public Task WaitForNewsAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellation) => Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);

    public void Dispose() => _connection.Dispose();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
