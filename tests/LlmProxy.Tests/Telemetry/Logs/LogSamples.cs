using System.Buffers;
using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Telemetry.Logs;
using Serilog.Events;
using Serilog.Parsing;

namespace LlmProxy.Tests.Telemetry.Logs;

/// <summary>Events as they come along, and what a format makes of them.</summary>
internal static class LogSamples
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, 123, TimeSpan.Zero);

    public static CallRow Refused() => new()
    {
        Id = "0199a1b2",
        FinishedAt = Noon,
        Endpoint = "chat",
        Status = 401,
        Duration = TimeSpan.FromMicroseconds(250),
        RequestedModel = "gpt-4o",
        ErrorCode = "invalid_api_key",
    };

    public static CallRow Streamed() => new()
    {
        Id = "0199a1b2",
        FinishedAt = Noon,
        Endpoint = "chat",
        Status = 200,
        Duration = TimeSpan.FromMilliseconds(812.4),
        ClientRequestId = "mine-1",
        Key = "ci",
        Workspace = "team-a",
        EndUser = "ann",
        RequestedModel = "gpt-4o",
        Llm = "gpt-4o-eu",
        Provider = "openai",
        ProviderRequestId = "req_9",
        Attempts = 1,
        Outcome = "success",
        Usage = new TokenUsage(300, 900, 0, 87, 40),
        UsageSource = "reported",
        CostUsd = 0.0042m,
        FirstToken = TimeSpan.FromMilliseconds(231),
        Overhead = TimeSpan.FromMicroseconds(312),
        Cache = "miss",
        IsStream = true,
    };

    public static LogEvent Event(LogEventLevel level, string template, Exception? exception = null, params LogEventProperty[] properties) =>
        new(Noon, level, exception, new MessageTemplateParser().Parse(template), properties);

    public static LogEventProperty Property(string name, object? value) => new(name, new ScalarValue(value));

    public static string Line(ILogFormat format, LogEvent happened)
    {
        ArrayBufferWriter<byte> line = new();
        format.Write(happened, line);
        return Encoding.UTF8.GetString(line.WrittenSpan);
    }

    public static string Line(ILogFormat format, CallRow call)
    {
        ArrayBufferWriter<byte> line = new();
        format.Write(call, line);
        return Encoding.UTF8.GetString(line.WrittenSpan);
    }
}
