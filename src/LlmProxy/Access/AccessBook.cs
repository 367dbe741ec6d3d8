using System.Data.Common;
using LlmProxy.Configuration;
using LlmProxy.Storage;
using LlmProxy.Storage.Access;

namespace LlmProxy.Access;

/// <summary>
/// The keys and workspaces that the database holds: as last heard, in force here as soon as they are known, and the way to
/// change one, always with its line in the audit trail.
/// </summary>
internal sealed class AccessBook(SnapshotHolder snapshots, TimeProvider time, ILogger<AccessBook> logger) : IDisposable
{
    /// <summary>An answer that was read before a change must not be believed after it.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    public StoredAccess Current => snapshots.Stored;

    /// <summary>Before the database answers for the first time.</summary>
    /// <param name="remembered">What it said in an earlier run; null: nobody remembers.</param>
    /// <param name="mayHoldKeys">Whether there can be keys in it at all.</param>
    /// <param name="mayWait">Whether the gateway should call itself ready only when it has been heard, where nobody remembers.</param>
    public void Recall(StoredAccess? remembered, bool mayHoldKeys, bool mayWait) =>
        snapshots.Take((remembered ?? new StoredAccess()) with { IsHeard = !mayHoldKeys, IsKnown = remembered is not null || !mayWait });

    /// <summary>Asks the database. True when it said something new.</summary>
    /// <param name="database">Where it is kept.</param>
    /// <param name="whole">Forgets what was known: it may be another database, or an older state of it.</param>
    /// <param name="cancellation">Stops asking.</param>
    public async Task<bool> RefreshAsync(IDatabase database, bool whole, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            StoredAccess known = whole ? new StoredAccess() : Current;
            StoredAccess? news = await database.ReadAsync(connection => AccessTables.ReadNewsAsync(connection, null, known, isWhole: whole, cancellation), cancellation);
            if (news is not null)
            {
                Take(news);
            }

            return news is not null;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// One change, decided on what the database holds at that moment and made by nobody else meanwhile; it holds here at
    /// once. A refusal has changed nothing.
    /// </summary>
    public async Task<AccessChange> ChangeAsync(IDatabase database, Func<StoredAccess, DateTimeOffset, AccessChange> decide, string who, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            DateTimeOffset now = Whole(time.GetUtcNow());
            (AccessChange change, StoredAccess? news) = await database.WriteAsync(
                async (connection, transaction) =>
                {
                    await database.LockTablesAsync(connection, transaction, cancellation);
                    StoredAccess before = await AccessTables.ReadNewsAsync(connection, transaction, Current, isWhole: false, cancellation) ?? Current;
                    AccessChange decided = decide(before, now);
                    if (decided.Refusal is not null || decided.IsNothing)
                    {
                        return (decided, null);
                    }

                    StoredAccess after = await WriteAsync(connection, transaction, before, decided, now, who, cancellation);
                    await database.TellAsync(connection, transaction, cancellation);
                    return (decided, (StoredAccess?)after);
                },
                cancellation);
            if (news is not null)
            {
                Take(news);
                logger.AccessChanged(who, change.Action, change.Subject);
            }

            return change;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static async Task<StoredAccess> WriteAsync(
        DbConnection connection, DbTransaction transaction, StoredAccess before, AccessChange change, DateTimeOffset now, string who, CancellationToken cancellation)
    {
        StoredAccess after = before with { Version = before.Version + 1, IsHeard = true, IsKnown = true };
        if (change.Key is { } key)
        {
            after = after.With(key);
            await AccessTables.WriteAsync(connection, transaction, KeyRow.Of(key, after.Version), cancellation);
        }

        if (change.Workspace is { } workspace)
        {
            after = after.With(workspace);
            await AccessTables.WriteAsync(connection, transaction, WorkspaceRow.Of(workspace), cancellation);
        }

        if (change.Dropped is { } dropped)
        {
            after = after.Without(dropped);
            await AccessTables.DropAsync(connection, transaction, WorkspaceRow.Of(dropped), cancellation);
        }

        await AccessTables.CountAsync(connection, transaction, after.Version, cancellation);
        await AuditTrail.AddAsync(connection, transaction, new AuditEntry(0, now, who, change.Action, change.Subject, change.Before, change.After), cancellation);
        return after;
    }

    private void Take(StoredAccess news)
    {
        snapshots.Take(news);
        if (snapshots.IsReady && KeyRing.Replaced(snapshots.Current.Options, news) is { Count: > 0 } replaced)
        {
            logger.KeysReplaced(string.Join(", ", replaced.Take(5)));
        }
    }

    /// <summary>Databases keep microseconds: what was written must compare equal to what is read.</summary>
    private static DateTimeOffset Whole(DateTimeOffset moment) => new(moment.Ticks - (moment.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}

internal static partial class AccessLog
{
    [LoggerMessage(2001, LogLevel.Information, "Changed by {Who}: {Action} {Subject}")]
    public static partial void AccessChanged(this ILogger logger, string who, string action, string subject);

    [LoggerMessage(2002, LogLevel.Warning, "Keys of the configuration are replaced by the database's keys of the same name and are not served: {Keys}. Give them other names, or revoke the database's")]
    public static partial void KeysReplaced(this ILogger logger, string keys);
}
