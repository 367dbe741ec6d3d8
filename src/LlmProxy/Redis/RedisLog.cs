namespace LlmProxy.Redis;

internal static partial class RedisLog
{
    [LoggerMessage(9401, LogLevel.Information, "Redis is there: {Redis}. Limits, budgets and cached answers are shared with the other replicas")]
    public static partial void RedisUp(this ILogger logger, string redis);

    [LoggerMessage(9402, LogLevel.Error, "Redis cannot be used: {Redis}: {Reason}. Until it is back each replica counts for itself, or refuses what has limits, as LlmProxy:Limits:WhenStoreIsDown says; cached answers are asked anew. Trying again")]
    public static partial void RedisAway(this ILogger logger, string redis, string reason);

    [LoggerMessage(9403, LogLevel.Debug, "Redis is still away: {Redis}: {Reason}")]
    public static partial void RedisStillAway(this ILogger logger, string redis, string reason);

    [LoggerMessage(9404, LogLevel.Warning, "A message of another replica could not be taken in ({Channel}): {Reason}")]
    public static partial void RedisMessageNotTaken(this ILogger logger, string channel, string reason);
}
