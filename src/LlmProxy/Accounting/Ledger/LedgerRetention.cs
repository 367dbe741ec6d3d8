using Dapper;
using LlmProxy.Configuration;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Ledger;

/// <summary>Deletes what is older than Database:RetentionDays once an hour, in batches small enough that nobody waits for them. Replicas that do it at once do each other no harm.</summary>
internal sealed class LedgerRetention(DatabaseKeeper database, SnapshotHolder snapshots, TimeProvider time, ILogger<LedgerRetention> logger)
{
    private const int MostRows = 500;
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);

    private const string DeleteOld =
        $"delete from {CallTable.Name} where id in (select id from {CallTable.Name} where started_at < @before order by started_at limit @MostRows)";

    public async Task RunAsync(CancellationToken stop)
    {
        TimeSpan pause = First;
        while (true)
        {
            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            pause = Every;
            if (snapshots.IsReady && snapshots.Current.Options.Database.RetentionDays is > 0 and var days && database.Current is { } current)
            {
                await TryDeleteAsync(current, days, stop);
            }
        }
    }

    /// <summary>How many rows there were.</summary>
    public async Task<long> DeleteAsync(IDatabase current, int days, CancellationToken stop)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (days >= (now - DateTimeOffset.UnixEpoch).TotalDays)
        {
            return 0; // Older than any call can be.
        }

        DateTimeOffset before = now - TimeSpan.FromDays(days);
        long deleted = 0;
        int rows;
        do
        {
            rows = await current.WriteAsync(
                (connection, transaction) => connection.ExecuteAsync(new CommandDefinition(DeleteOld, new { before, MostRows }, transaction, cancellationToken: stop)), stop);
            deleted += rows;
            await Task.Delay(rows == MostRows ? Breath : TimeSpan.Zero, time, stop);
        }
        while (rows == MostRows);
        return deleted;
    }

    private async Task TryDeleteAsync(IDatabase current, int days, CancellationToken stop)
    {
        try
        {
            long rows = await DeleteAsync(current, days, stop);
            if (rows > 0)
            {
                logger.OldRowsDeleted(days, rows);
            }
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            logger.OldRowsStay(e.Message);
        }
        catch (OperationCanceledException)
        {
            // The rest is deleted after the next start.
        }
    }
}
