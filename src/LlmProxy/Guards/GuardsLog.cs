namespace LlmProxy.Guards;

internal static partial class GuardsLog
{
    [LoggerMessage(3901, LogLevel.Information, "Found by the redaction {Detector}: {Count}, {Action}; call {CallId}")]
    public static partial void Redacted(this ILogger logger, string detector, int count, string action, string callId);

    [LoggerMessage(3902, LogLevel.Warning, "The guard webhook {Host} {Problem}: {Count} calls since the last such line, {Consequence} (LlmProxy:Guards:Webhook:OnFailure). Is it up, and does it answer within {TimeoutMs} ms?")]
    public static partial void WebhookFailed(this ILogger logger, string host, string problem, long count, string consequence, int timeoutMs);

    [LoggerMessage(3903, LogLevel.Information, "Prompt of call {CallId}: {Prompt}")]
    public static partial void PromptSensitive(this ILogger logger, string callId, string prompt);

    [LoggerMessage(3904, LogLevel.Information, "The guard webhook refused the call {CallId} ({Stage})")]
    public static partial void WebhookRefused(this ILogger logger, string callId, string stage);
}
