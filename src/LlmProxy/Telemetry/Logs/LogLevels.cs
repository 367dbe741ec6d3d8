using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Telemetry.Logs;

/// <summary>
/// From which level on whom is listened to; a change is live at once. Rules of ASP.NET's own section "Logging" stand
/// above these.
/// </summary>
internal sealed class LogLevels(LogLevel level) : IConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>
{
    private static readonly string[] Frameworks = ["Microsoft.AspNetCore", "Yarp", "System.Net.Http"];

    private ConfigurationReloadToken _changed = new();

    public LogLevel Level { get; private set; } = level;

    public string? Name => Options.DefaultName;

    public void Change(LogLevel level)
    {
        if (level != Level)
        {
            Level = level;
            Interlocked.Exchange(ref _changed, new ConfigurationReloadToken()).OnReload();
        }
    }

    public IChangeToken GetChangeToken() => Volatile.Read(ref _changed);

    public void Configure(LoggerFilterOptions options)
    {
        options.MinLevel = Level;
        foreach (string framework in Frameworks)
        {
            // At the front: of two rules for one category the later wins, and that shall be the operator's.
            options.Rules.Insert(0, new LoggerFilterRule(null, framework, OfFrameworks(), null));
        }

        // It writes query strings, where some clients put keys; and while anybody may listen to it, ASP.NET Core makes a span
        // and a log scope for every request.
        options.Rules.Insert(0, new LoggerFilterRule(null, "Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None, null));
    }

    private LogLevel OfFrameworks() => Level switch
    {
        LogLevel.Trace => LogLevel.Trace,
        LogLevel.Debug => LogLevel.Information,
        LogLevel.Information => LogLevel.Warning,
        _ => Level,
    };
}
