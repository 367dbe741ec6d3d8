namespace LlmProxy.Forwarding;

internal static partial class ForwardingLog
{
    [LoggerMessage(6001, LogLevel.Warning, "Attempt {Number} on {Llm} failed: {Reason} (vendor code {VendorCode}) after {ElapsedMs:0} ms, call {CallId}")]
    public static partial void AttemptFailed(this ILogger logger, int number, string llm, string reason, string vendorCode, double elapsedMs, string callId);

    [LoggerMessage(6020, LogLevel.Information, "{Llm} goes on with the answer that {Broken} left off after {Chars} characters, call {CallId}")]
    public static partial void GoesOn(this ILogger logger, string llm, string broken, int chars, string callId);

    [LoggerMessage(6002, LogLevel.Error, "The call {CallId} ended in an error of the gateway's own")]
    public static partial void CallBroke(this ILogger logger, Exception exception, string callId);

    [LoggerMessage(6003, LogLevel.Warning, "The breaker of {Llm} ({Who}) has opened: {Failures} failures or more within {Seconds} s, the last one {Reason}. It is left alone for {Seconds} s, then one call is let through")]
    public static partial void BreakerOpened(this ILogger logger, string llm, string who, int failures, int seconds, string reason);

    [LoggerMessage(6004, LogLevel.Information, "The breaker of {Llm} ({Who}) has closed: it answers again")]
    public static partial void BreakerClosed(this ILogger logger, string llm, string who);
}
