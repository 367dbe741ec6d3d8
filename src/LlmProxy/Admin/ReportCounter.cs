using System.Data.Common;
using LlmProxy.Accounting.Reports;
using LlmProxy.Pipeline;
using LlmProxy.Storage;

namespace LlmProxy.Admin;

/// <summary>Where the routes hand in their questions to the ledger, and hear in one voice that it cannot be asked now.</summary>
internal sealed class ReportCounter(DatabaseKeeper databases, ReportDesk desk, ILogger<ReportCounter> logger)
{
    public async Task<GatewayError?> AskAsync(Func<Asked, Task<GatewayError?>> report)
    {
        if (databases.Current is not { } database)
        {
            return AdminDoor.DatabaseGone(databases.WhyAway);
        }

        try
        {
            return await report(new Asked(database, desk));
        }
        catch (ReportTooLongException)
        {
            logger.ReportTooLong(database.Target.Label, ReportDesk.PatienceSeconds);
            return new GatewayError(
                ErrorCode.DatabaseUnavailable,
                $"The database did not answer this within {ReportDesk.PatienceSeconds} s, so it was given up. Ask for a shorter time (from, to), or look at what keeps the database busy.");
        }
    }

    /// <summary>The database that this report is about, to its end.</summary>
    internal readonly struct Asked(IDatabase database, ReportDesk desk)
    {
        public Task<T> AskAsync<T>(Func<DbConnection, DatabaseKind, CancellationToken, Task<T>> ask, CancellationToken gone)
        {
            DatabaseKind kind = database.Target.Kind;
            return desk.AskAsync(database, (connection, stop) => ask(connection, kind, stop), gone);
        }
    }
}

internal static partial class ReportLog
{
    [LoggerMessage(9311, LogLevel.Warning, "A report on the ledger was not ready within {Seconds} s and was given up: {Database}. Ask for a shorter time, or look at what keeps the database busy")]
    public static partial void ReportTooLong(this ILogger logger, string database, int seconds);
}
