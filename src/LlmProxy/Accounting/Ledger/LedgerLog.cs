namespace LlmProxy.Accounting.Ledger;

internal static partial class LedgerLog
{
    [LoggerMessage(8201, LogLevel.Error, "The ledger takes no rows: {Reason}. {Pending} rows wait in the journal and nothing is lost; trying again")]
    public static partial void LedgerAway(this ILogger logger, string reason, long pending);

    [LoggerMessage(8202, LogLevel.Information, "The ledger takes rows again")]
    public static partial void LedgerBack(this ILogger logger);

    [LoggerMessage(8203, LogLevel.Error, "The ledger does not take the row of call {Id}: {Reason}. It was put into {File}; the others go on")]
    public static partial void RowRejected(this ILogger logger, string id, string reason, string file);

    [LoggerMessage(8204, LogLevel.Error, "The ledger does not take the row of call {Id}: {Reason}. {File} is too large for more: the row is lost. Look at the file and move it away")]
    public static partial void RowLost(this ILogger logger, string id, string reason, string file);

    [LoggerMessage(8205, LogLevel.Warning, "Stopping with {Pending} rows that the database has not taken: they wait in {Directory} for the next gateway that uses it")]
    public static partial void RowsStay(this ILogger logger, long pending, string directory);

    [LoggerMessage(8206, LogLevel.Information, "Rows older than {Days} days were deleted from the ledger: {Rows} (LlmProxy:Database:RetentionDays)")]
    public static partial void OldRowsDeleted(this ILogger logger, int days, long rows);

    [LoggerMessage(8207, LogLevel.Warning, "Old rows could not be deleted from the ledger: {Reason}. Trying again in an hour")]
    public static partial void OldRowsStay(this ILogger logger, string reason);

    [LoggerMessage(8208, LogLevel.Error, "The journal's record of call {Id} cannot be read: {Reason}. It was passed over; the others go on")]
    public static partial void RecordUnreadable(this ILogger logger, Guid id, string reason);

    [LoggerMessage(8209, LogLevel.Error, "The ledger does not take the row of call {Id}: {Reason}. It cannot be put into {File} either: {Problem}. It waits in the journal, and all rows wait behind it, until that file can be written; trying again")]
    public static partial void RowStuck(this ILogger logger, string id, string reason, string file, string problem);
}
