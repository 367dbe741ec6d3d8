using LlmProxy.Accounting;

namespace LlmProxy.Telemetry.Logs;

/// <summary>The one line per call. It does not pass the logging framework: a call costs one small object in the writer's queue.</summary>
internal sealed class RequestLog(LogWriter writer, ILoggerFactory loggers)
{
    public const string Category = "LlmProxy.Request";

    private readonly ILogger _level = loggers.CreateLogger(Category);

    /// <summary>Ask before building a summary.</summary>
    public bool IsEnabled => _level.IsEnabled(LogLevel.Information);

    public void Write(CallRow call)
    {
        if (IsEnabled)
        {
            writer.Emit(call);
        }
    }
}
