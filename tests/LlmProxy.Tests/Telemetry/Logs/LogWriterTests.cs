using System.Text;
using LlmProxy.Telemetry.Logs;
using Serilog.Core;
using Serilog.Events;
using static LlmProxy.Tests.Telemetry.Logs.LogSamples;

namespace LlmProxy.Tests.Telemetry.Logs;

public sealed class LogWriterTests
{
    private static readonly TextLogFormat Format = new(TimeZoneInfo.Utc);

    [Fact]
    public void Dispose_WithEventsWaiting_WritesThemInOrder()
    {
        using MemoryStream output = new();
        LogWriter writer = new(output, Format, TimeProvider.System);

        for (int i = 0; i < 1_000; i++)
        {
            writer.Emit(Event(LogEventLevel.Information, $"Line {i}"));
        }

        writer.Dispose();
        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"03-04 12:00:00.123 INF Line {i}"), Lines(output));
        Assert.Equal(0, writer.Dropped);
    }

    [Fact]
    public void Queue_WhenFull_DropsCountsAndSaysSo()
    {
        using StallingStream output = new();
        LogWriter writer = new(output, Format, TimeProvider.System, capacity: 4);
        writer.Emit(Refused());
        output.AwaitWriter(); // The first line is out of the queue, and nothing moves any more.

        for (int i = 0; i < 10; i++)
        {
            writer.Emit(Event(LogEventLevel.Information, $"Line {i}"));
        }

        Assert.Equal(6, writer.Dropped);
        output.LetGo();
        writer.Dispose();
        string[] lines = Lines(output);
        Assert.Equal(6, lines.Length);
        Assert.EndsWith("Line 3", lines[4], StringComparison.Ordinal);
        Assert.EndsWith("WRN 6 log events were dropped because the log's reader is too slow", lines[5], StringComparison.Ordinal);
    }

    [Fact]
    public void Event_ThatCannotBeRendered_CostsOneLineNotTheLog()
    {
        using MemoryStream output = new();
        LogWriter writer = new(output, Format, TimeProvider.System);

        writer.Emit(Event(LogEventLevel.Information, "{Bad}", null, Property("Bad", new Unprintable())));
        writer.Emit(Event(LogEventLevel.Information, "Good"));

        writer.Dispose();
        Assert.Equal(["A log event could not be rendered: NotSupportedException", "03-04 12:00:00.123 INF Good"], Lines(output));
    }

    [Fact]
    public void Output_ThatIsBroken_IsNotFatal()
    {
        LogWriter writer = new(new BrokenStream(), Format, TimeProvider.System);

        writer.Emit(Refused());
        writer.Emit(Refused());

        writer.Dispose();
        Assert.Equal(0, writer.Dropped);
    }

    [Fact]
    public void FurtherSink_GetsACallAsProperties()
    {
        using MemoryStream output = new();
        Collector collector = new();
        LogWriter writer = new(output, Format, TimeProvider.System, collector);

        writer.Emit(Streamed());

        writer.Dispose();
        LogEvent call = Assert.Single(collector.Events);
        Assert.Equal("\"chat\" \"gpt-4o\" → \"gpt-4o-eu\" 200 in 812.4 ms", call.RenderMessage(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(0.0042m, Assert.IsType<ScalarValue>(call.Properties["cost_usd"]).Value);
        Assert.Equal("openai", Assert.IsType<ScalarValue>(call.Properties["provider"]).Value);
        Assert.Equal("LlmProxy.Request", Assert.IsType<ScalarValue>(call.Properties["SourceContext"]).Value);
        Assert.DoesNotContain("error_code", call.Properties.Keys);
    }

    private static string[] Lines(MemoryStream output) => Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private sealed class Unprintable
    {
        public override string ToString() => throw new NotSupportedException();
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("nobody reads");
    }

    private sealed class Collector : ILogEventSink
    {
        public List<LogEvent> Events { get; } = [];

        public void Emit(LogEvent logEvent) => Events.Add(logEvent);
    }
}
