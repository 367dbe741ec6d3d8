namespace LlmProxy.Storage;

internal static partial class StorageLog
{
    [LoggerMessage(9201, LogLevel.Information, "The database is ready: {Database}, schema {Schema}")]
    public static partial void DatabaseReady(this ILogger logger, string database, int schema);

    [LoggerMessage(9202, LogLevel.Error, "The database cannot be used: {Database}: {Reason}. Calls are served from what is known; what operators change at run time is refused until it is back. Trying again")]
    public static partial void DatabaseAway(this ILogger logger, string database, string reason);

    [LoggerMessage(9203, LogLevel.Debug, "The database is still away: {Database}: {Reason}")]
    public static partial void DatabaseStillAway(this ILogger logger, string database, string reason);

    [LoggerMessage(9204, LogLevel.Warning, "What the database said last cannot be read from {Path}: {Reason}")]
    public static partial void LastGoodNotRead(this ILogger logger, string path, string reason);

    [LoggerMessage(9205, LogLevel.Warning, "What the database said last cannot be kept in {Path}: {Reason}. A start without the database would not know it")]
    public static partial void LastGoodNotWritten(this ILogger logger, string path, string reason);

    [LoggerMessage(9207, LogLevel.Information, "What operators decided, by the database: {Settings}")]
    public static partial void SettingsHeard(this ILogger logger, string settings);

    [LoggerMessage(9206, LogLevel.Warning, "The database holds a setting that this version cannot read: {Name}")]
    public static partial void SettingNotUnderstood(this ILogger logger, string name);
}
