namespace LlmProxy.Configuration;

internal static partial class ConfigurationLog
{
    [LoggerMessage(9001, LogLevel.Information, "The configuration was read again and is live: {Files} changed")]
    public static partial void ConfigurationApplied(this ILogger logger, string files);

    [LoggerMessage(9002, LogLevel.Error, "The changed configuration is refused as a whole, the last good one keeps serving: {Files} changed; {Count} mistakes:\n  {Mistakes}")]
    public static partial void ConfigurationRefused(this ILogger logger, string files, int count, string mistakes);

    [LoggerMessage(9003, LogLevel.Warning, "Configuration: {Warning}")]
    public static partial void ConfigurationWarning(this ILogger logger, string warning);

    [LoggerMessage(9004, LogLevel.Error, "Reading the configuration again failed, the last good one keeps serving")]
    public static partial void ConfigurationFailed(this ILogger logger, Exception failure);
}
