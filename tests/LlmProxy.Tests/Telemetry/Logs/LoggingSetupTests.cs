using System.Text;
using LlmProxy.Configuration.Options;
using LlmProxy.Telemetry.Logs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlmProxy.Tests.Telemetry.Logs;

public sealed class LoggingSetupTests
{
    [Fact]
    public async Task Loggers_AtInformation_HearTheGatewayAndNotTheFrameworks()
    {
        string log = await LogAsync(LogLevel.Information, static (app, _) =>
        {
            Log(app, "LlmProxy.Pipeline", LogLevel.Information);
            Log(app, "LlmProxy.Pipeline", LogLevel.Debug);
            Log(app, "Yarp.ReverseProxy.Health", LogLevel.Information);
            Log(app, "Yarp.ReverseProxy.Health", LogLevel.Warning);
            Log(app, "System.Net.Http.HttpClient", LogLevel.Information);
            Log(app, "Microsoft.AspNetCore.Routing", LogLevel.Information);
            Log(app, "Microsoft.Hosting.Lifetime", LogLevel.Information);
        });

        Assert.Equal(["INF LlmProxy.Pipeline", "WRN [Health] Yarp.ReverseProxy.Health", "INF [Lifetime] Microsoft.Hosting.Lifetime"], Said(log));
    }

    [Fact]
    public async Task Level_ChangedWhileRunning_HoldsForLoggersThatExist()
    {
        string log = await LogAsync(LogLevel.Information, static (app, levels) =>
        {
            ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("LlmProxy.Pipeline");
            Log(app, "LlmProxy.Pipeline", LogLevel.Debug);
            levels.Change(LogLevel.Debug);
            Assert.True(logger.IsEnabled(LogLevel.Debug));
            Log(app, "LlmProxy.Pipeline", LogLevel.Debug);
            levels.Change(LogLevel.Error);
            Assert.False(logger.IsEnabled(LogLevel.Warning));
            Log(app, "Yarp.ReverseProxy.Health", LogLevel.Warning);
        });

        Assert.Equal(["DBG LlmProxy.Pipeline"], Said(log));
    }

    [Fact]
    public async Task HostingDiagnostics_AtAnyLevel_StayOff()
    {
        await LogAsync(LogLevel.Trace, static (app, _) => Assert.False(
            app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Critical)));
    }

    [Fact]
    public async Task OperatorsOwnRule_ForAFramework_BeatsOurs()
    {
        string log = await LogAsync(
            LogLevel.Information,
            static (app, _) => Log(app, "Yarp.ReverseProxy.Health", LogLevel.Debug),
            "--Logging:LogLevel:Yarp=Debug");

        Assert.Equal(["DBG [Health] Yarp.ReverseProxy.Health"], Said(log));
    }

    [Fact]
    public async Task RequestLog_AboveInformation_IsSilent()
    {
        string log = await LogAsync(LogLevel.Warning, static (app, levels) =>
        {
            RequestLog requests = app.Services.GetRequiredService<RequestLog>();
            Assert.False(requests.IsEnabled);
            requests.Write(LogSamples.Refused());
            levels.Change(LogLevel.Information);
            Assert.True(requests.IsEnabled);
            requests.Write(LogSamples.Refused() with { Endpoint = "embeddings" });
        });

        Assert.Contains("INF embeddings gpt-4o 401", Assert.Single(Said(log)), StringComparison.Ordinal);
    }

    private static void Log(WebApplication app, string category, LogLevel level) =>
        app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(category).Log(level, default, category, null, static (who, _) => who);

    private static string[] Said(string log) => log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[19..]).ToArray();

    private static async Task<string> LogAsync(LogLevel level, Action<WebApplication, LogLevels> act, params string[] args)
    {
        using MemoryStream output = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
        LogLevels levels = builder.AddGatewayLogging(LogFormat.Text, level, output: output);
        await using (WebApplication app = builder.Build())
        {
            act(app, levels);
        }

        return Encoding.UTF8.GetString(output.ToArray()); // Disposing the host has flushed it.
    }
}
