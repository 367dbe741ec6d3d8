using LlmProxy.Accounting;
using LlmProxy.Telemetry.Logs;
using Serilog.Events;
using static LlmProxy.Tests.Telemetry.Logs.LogSamples;

namespace LlmProxy.Tests.Telemetry.Logs;

public sealed class TextLogFormatTests
{
    private readonly TextLogFormat _format = new(TimeZoneInfo.Utc);

    [Fact]
    public void Call_ThatWentWell_IsShort() => Assert.Equal(
        "03-04 12:00:00.123 INF chat gpt-4o → openai/gpt-4o-eu 200 stream in 812 ms (ttft 231 ms, overhead 0.3 ms) tokens 1200+87 (900 cached) $0.0042 key=ci workspace=team-a id=0199a1b2\n",
        Line(_format, Streamed()));

    [Fact]
    public void Call_RefusedAtTheDoor_NamesTheError() => Assert.Equal(
        "03-04 12:00:00.123 INF chat gpt-4o 401 in 0.3 ms error=invalid_api_key id=0199a1b2\n",
        Line(_format, Refused()));

    [Fact]
    public void Call_WithTroubles_TellsThemAll()
    {
        CallRow call = Streamed() with
        {
            Duration = TimeSpan.FromSeconds(12.43),
            Queued = TimeSpan.FromMilliseconds(35),
            Attempts = 3,
            Fallback = "azure-we: provider_timeout",
            ErrorCode = "all_providers_failed",
            ClientGone = true,
            Cache = "semantic",
            UsageSource = "estimated",
            CostUsd = 0.0000125m,
        };

        Assert.Equal(
            "03-04 12:00:00.123 INF chat gpt-4o → openai/gpt-4o-eu 200 stream in 12.4 s (ttft 231 ms, overhead 0.3 ms, queue 35 ms) tokens ~1200+87 (900 cached) $0.0000125"
            + " error=all_providers_failed client_gone attempts=3 fallback=\"azure-we: provider_timeout\" cache=semantic provider_request_id=req_9 key=ci workspace=team-a id=0199a1b2\n",
            Line(_format, call));
    }

    [Fact]
    public void Call_WithAHostileModelName_StaysOnItsLine()
    {
        string line = Line(_format, Refused() with { RequestedModel = "x\r\n03-04 INF all is well \u001b[31m\u202e\u0085" + new string('y', 500) });

        Assert.Equal(1, line.Count(c => c is '\n' or '\r' or '\u001b' or '\u202e' or '\u0085'));
        Assert.StartsWith("03-04 12:00:00.123 INF chat x\\r\\n03-04 INF all is well \\u001b[31m\\u202e\\u0085yyy", line, StringComparison.Ordinal);
        Assert.True(line.Length < 300);
    }

    [Theory]
    [InlineData(LogEventLevel.Verbose, "TRC")]
    [InlineData(LogEventLevel.Debug, "DBG")]
    [InlineData(LogEventLevel.Information, "INF")]
    [InlineData(LogEventLevel.Warning, "WRN")]
    [InlineData(LogEventLevel.Error, "ERR")]
    [InlineData(LogEventLevel.Fatal, "CRT")]
    public void Event_OfEachLevel_ShowsItInThreeLetters(LogEventLevel level, string expected) =>
        Assert.Equal($"03-04 12:00:00.123 {expected} Hello\n", Line(_format, Event(level, "Hello")));

    [Fact]
    public void Event_WithProperties_IsRenderedWithoutQuotes()
    {
        LogEvent happened = Event(
            LogEventLevel.Warning,
            "Attempt {Number} on {Deployment} failed: {Reason}",
            null,
            Property("Number", 2),
            Property("Deployment", "gpt-4o"),
            Property("Reason", "timeout\nINF forged"),
            Property("SourceContext", "LlmProxy.Forwarding.AttemptLoop"));

        Assert.Equal("03-04 12:00:00.123 WRN Attempt 2 on gpt-4o failed: timeout\\nINF forged\n", Line(_format, happened));
    }

    [Fact]
    public void Event_OfAFramework_NamesTheSpeaker() => Assert.Equal(
        "03-04 12:00:00.123 INF [Lifetime] Now listening\n",
        Line(_format, Event(LogEventLevel.Information, "Now listening", null, Property("SourceContext", "Microsoft.Hosting.Lifetime"))));

    [Fact]
    public void Event_WithAnException_KeepsItOnOneLine()
    {
        string line = Line(_format, Event(LogEventLevel.Error, "It broke", Thrown()));

        Assert.Equal(1, line.Count(c => c == '\n'));
        Assert.StartsWith(
            "03-04 12:00:00.123 ERR It broke · InvalidOperationException: outer ← IOException: in\\nner | at LlmProxy.Tests.Telemetry.Logs.TextLogFormatTests.Thrown() in TextLogFormatTests.cs:line ",
            line,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Event_OfAMegabyte_IsCut()
    {
        string line = Line(_format, Event(LogEventLevel.Information, "{Text}", null, Property("Text", new string('x', 1_000_000))));

        Assert.True(line.Length < 20_000);
        Assert.EndsWith("x…\n", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Event_ElsewhereInTheWorld_ShowsLocalTime()
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(14), null, null);

        Assert.StartsWith("03-05 02:00:00.123 INF", Line(new TextLogFormat(zone), Refused()), StringComparison.Ordinal);
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new IOException("in\nner");
        }
        catch (IOException inner)
        {
            return new InvalidOperationException("outer", inner);
        }
    }
}
