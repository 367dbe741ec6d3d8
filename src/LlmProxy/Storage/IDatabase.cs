using System.Data.Common;

namespace LlmProxy.Storage;

/// <summary>A place that keeps what operators decide at run time: a SQLite file, or PostgreSQL that all replicas share.</summary>
internal interface IDatabase : IAsyncDisposable
{
    DatabaseTarget Target { get; }

    /// <summary>Whether others may write to it too.</summary>
    bool IsShared { get; }

    /// <summary>Where in the assembly its migration scripts are.</summary>
    string Scripts { get; }

    Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation);

    /// <summary>Everything or nothing: one transaction.</summary>
    Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellation);

    /// <summary>Within a write: waits until no other replica changes tables, and keeps them from it until the end.</summary>
    Task LockTablesAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation);

    /// <summary>Within a write: the other replicas hear of it when it is committed.</summary>
    Task TellAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation);

    /// <summary>Comes back when another replica may have changed something: it said so, or it is time to look.</summary>
    Task WaitForNewsAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellation);
}
