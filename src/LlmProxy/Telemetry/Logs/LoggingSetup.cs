using LlmProxy.Configuration.Options;
using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Core;
using Serilog.Extensions.Logging;

namespace LlmProxy.Telemetry.Logs;

/// <summary>Puts Serilog behind every logger, with one writer for standard output.</summary>
internal static class LoggingSetup
{
    /// <param name="builder">Its own providers are taken away.</param>
    /// <param name="format">How the lines on standard output look.</param>
    /// <param name="level">From which level on; <see cref="LogLevels.Change"/> changes it later.</param>
    /// <param name="sinks">Further Serilog sinks. They get the calls' lines too, each field a property, and run on the writer's thread.</param>
    /// <param name="output">Standard output unless given.</param>
    public static LogLevels AddGatewayLogging(
        this WebApplicationBuilder builder, LogFormat format, LogLevel level, Action<LoggerConfiguration>? sinks = null, Stream? output = null)
    {
        LogWriter writer = new(output ?? Console.OpenStandardOutput(), FormatOf(format), TimeProvider.System, MoreSinks(sinks));
        Logger logger = new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink(writer).CreateLogger();
        builder.Logging.ClearProviders();

        // AddSerilog would put a rule above every level set here, and the container disposes of only what it has made itself.
        builder.Services.AddSingleton<ILoggerProvider>(_ => new SerilogLoggerProvider(logger, dispose: true));

        LogLevels levels = new(level);
        builder.Services.AddSingleton<IConfigureOptions<LoggerFilterOptions>>(levels);
        builder.Services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(levels);
        builder.Services.AddSingleton(levels);
        builder.Services.AddSingleton(writer);
        builder.Services.AddSingleton<RequestLog>();
        return levels;
    }

    private static ILogFormat FormatOf(LogFormat format) => format == LogFormat.Json ? new JsonLogFormat() : new TextLogFormat(TimeZoneInfo.Local);

    private static Logger? MoreSinks(Action<LoggerConfiguration>? sinks)
    {
        if (sinks is null)
        {
            return null;
        }

        LoggerConfiguration configuration = new LoggerConfiguration().MinimumLevel.Verbose();
        sinks(configuration);
        return configuration.CreateLogger();
    }
}
