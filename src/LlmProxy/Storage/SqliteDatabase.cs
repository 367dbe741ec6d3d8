using System.Data.Common;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace LlmProxy.Storage;

/// <summary>
/// A SQLite file that belongs to this process alone: one writer at a time, every commit on the disk before it is said to
/// be done. SQLite's calls block, so they are made on threads where that harms nobody.
/// </summary>
internal sealed class SqliteDatabase : IDatabase
{
    private const int BusySeconds = 5;
    private const int ReaderCacheKb = 2_000;

    /// <summary>Rows of many keys go to many places of the indexes; where those do not fit, SQLite writes and reads its pages over and over.</summary>
    private const int WriterCacheKb = 16_000;

    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly string _connection;
    private readonly FileStream _owner;

    static SqliteDatabase()
    {
        SQLitePCL.Batteries_V2.Init();

        // A connection here is used by one thread at a time and disposed of with its commands: it needs no lock around every call.
        _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MULTITHREAD);
    }

    public SqliteDatabase(DatabaseTarget target)
    {
        Target = target;
        string directory = Path.GetDirectoryName(target.Path)!;
        Directory.CreateDirectory(directory);
        RefuseNetworkDisk(directory);
        _owner = Own(target.Path + ".lock");
        _connection = new SqliteConnectionStringBuilder(target.Connection) { Pooling = true, DefaultTimeout = BusySeconds }.ToString();
    }

    public DatabaseTarget Target { get; }

    public bool IsShared => false;

    public string Scripts => "Sqlite";

    public Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation) => Task.Run(
        async () =>
        {
            await using SqliteConnection connection = Open(ReaderCacheKb);
            return await work(connection);
        },
        cancellation);

    public async Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellation)
    {
        await _writer.WaitAsync(cancellation);
        try
        {
            return await Task.Run(
                async () =>
                {
                    await using SqliteConnection connection = Open(WriterCacheKb);
                    await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
                    T result = await work(connection, transaction);
                    transaction.Commit();
                    return result;
                },
                cancellation);
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>The file is ours, and a write locks it as a whole.</summary>
    public Task LockTablesAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => Task.CompletedTask;

    public Task TellAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Nobody else writes into a file of our own.</summary>
    public Task WaitForNewsAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellation) => Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);

    public ValueTask DisposeAsync()
    {
        using (var connection = new SqliteConnection(_connection))
        {
            SqliteConnection.ClearPool(connection);
        }

        _owner.Dispose();
        _writer.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteConnection Open(int cacheKb)
    {
        var connection = new SqliteConnection(_connection);
        try
        {
            connection.Open();
            connection.Execute(string.Create(
                CultureInfo.InvariantCulture,
                $"pragma journal_mode=wal; pragma synchronous=full; pragma busy_timeout=5000; pragma foreign_keys=on; pragma cache_size=-{cacheKb}"));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A second gateway on the same file would neither see this one's changes nor leave its counters alone.</summary>
    private static FileStream Own(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException) && File.Exists(path))
        {
            throw new IOException("another gateway uses this file; replicas need PostgreSQL (LlmProxy:Database:Connection)", e);
        }
    }

    private static void RefuseNetworkDisk(string directory)
    {
        if (new DriveInfo(directory).DriveType == DriveType.Network)
        {
            throw new IOException("SQLite's locks do not hold on a network file system; use a local disk or PostgreSQL");
        }
    }
}
