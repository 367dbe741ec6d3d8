namespace LlmProxy.Accounting.Journal;

internal static partial class JournalLog
{
    [LoggerMessage(8101, LogLevel.Error, "The journal of calls is full: {Bytes} of {MostBytes} bytes wait for the database. New calls are refused with 503 journal_full until it takes them in; bring the database back, or raise LlmProxy:Journal:MaxBytes")]
    public static partial void JournalFull(this ILogger logger, long bytes, long mostBytes);

    [LoggerMessage(8102, LogLevel.Error, "The journal of calls is full: {Bytes} of {MostBytes} bytes wait for the database. New calls are served and not written down (LlmProxy:Journal:WhenFull is drop); bring the database back, or raise LlmProxy:Journal:MaxBytes")]
    public static partial void JournalDrops(this ILogger logger, long bytes, long mostBytes);

    [LoggerMessage(8103, LogLevel.Error, "The journal of calls in {Directory} cannot be written: {Reason}. Give the disk room; until then new calls are {What}")]
    public static partial void JournalUnwritable(this ILogger logger, string directory, string reason, string what);

    [LoggerMessage(8104, LogLevel.Information, "The journal of calls has room again. Calls that were not written down since the start: {Dropped}")]
    public static partial void JournalHasRoom(this ILogger logger, long dropped);

    [LoggerMessage(8105, LogLevel.Warning, "LlmProxy:Journal:Directory was changed: that holds from the next start on, until then the journal stays in {Directory}")]
    public static partial void JournalStays(this ILogger logger, string directory);

    [LoggerMessage(8106, LogLevel.Error, "File locks do not hold in {Directory} (a network disk?): what dead processes left there is not taken up. Put LlmProxy:Journal:Directory on a local disk")]
    public static partial void LocksDoNotHold(this ILogger logger, string directory);

    [LoggerMessage(8107, LogLevel.Information, "A dead process left {Directory}: {Rows} rows, {Interrupted} of them of calls that it was cut off from, go into the ledger")]
    public static partial void DeadJournalFound(this ILogger logger, string directory, int rows, int interrupted);

    [LoggerMessage(8108, LogLevel.Warning, "Of what a dead process left in {Directory}, {Bytes} bytes are damaged and were passed over")]
    public static partial void DeadJournalDamaged(this ILogger logger, string directory, long bytes);

    [LoggerMessage(8109, LogLevel.Error, "What a dead process left in {Directory} is left there: {Reason}")]
    public static partial void DeadJournalLeft(this ILogger logger, string directory, string reason);

    [LoggerMessage(8110, LogLevel.Error, "What a dead process left cannot be read at all; it was put aside as {Directory}")]
    public static partial void DeadJournalPutAside(this ILogger logger, string directory);

    [LoggerMessage(8111, LogLevel.Error, "The journal's background work failed")]
    public static partial void JournalWorkFailed(this ILogger logger, Exception exception);
}
