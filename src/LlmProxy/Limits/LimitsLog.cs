namespace LlmProxy.Limits;

internal static partial class LimitsLog
{
    [LoggerMessage(3001, LogLevel.Warning, "{Alert}")]
    public static partial void BudgetPassed(this ILogger logger, string alert);

    [LoggerMessage(3002, LogLevel.Warning, "{Alert} Its calls are refused with insufficient_quota until the period ends or the budget is raised")]
    public static partial void BudgetSpent(this ILogger logger, string alert);

    [LoggerMessage(3003, LogLevel.Warning, "{Alert} If nobody expects that, look at its calls and revoke the key")]
    public static partial void UnusualSpend(this ILogger logger, string alert);

    [LoggerMessage(3004, LogLevel.Warning, "The alert could not be posted to {Host} (LlmProxy:Alerts:WebhookUrl): {Reason}, tried {Times} times. It is in this log only")]
    public static partial void AlertNotTaken(this ILogger logger, string host, string reason, int times);

    [LoggerMessage(3010, LogLevel.Information, "What {Budgets} budgets have spent so far is known from the books")]
    public static partial void SpendKnown(this ILogger logger, int budgets);

    [LoggerMessage(3011, LogLevel.Warning, "What budgets have spent so far cannot be read from the database: {Reason}. They count from what this gateway remembers itself, until the database is back")]
    public static partial void SpendNotRead(this ILogger logger, string reason);

    [LoggerMessage(3012, LogLevel.Warning, "What budgets have spent cannot be kept in {Path}: {Reason}. A start without the database would not know it")]
    public static partial void SpendNotKept(this ILogger logger, string path, string reason);

    [LoggerMessage(3013, LogLevel.Warning, "What budgets have spent cannot be read from {Path}: {Reason}. It is read from the database alone")]
    public static partial void SpendFileNotRead(this ILogger logger, string path, string reason);
}
