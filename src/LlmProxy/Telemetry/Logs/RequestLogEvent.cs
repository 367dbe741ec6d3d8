using System.Text;
using LlmProxy.Accounting;
using Serilog.Events;
using Serilog.Parsing;

namespace LlmProxy.Telemetry.Logs;

/// <summary>A call as a Serilog event with a property for each field, for sinks beside standard output.</summary>
internal static class RequestLogEvent
{
    private static readonly MessageTemplate Template = new MessageTemplateParser().Parse("{endpoint} {requested_model} → {llm} {status} in {duration_ms} ms");

    public static LogEvent From(CallRow call)
    {
        Properties properties = new([new LogEventProperty("SourceContext", new ScalarValue(RequestLog.Category))]);
        RequestFields.Tell(call, ref properties);
        return new LogEvent(call.FinishedAt, LogEventLevel.Information, exception: null, Template, properties.List);
    }

    private readonly struct Properties(List<LogEventProperty> list) : IFieldSink
    {
        public List<LogEventProperty> List { get; } = list;

        public void Add(ReadOnlySpan<byte> name, string value) => Scalar(name, value);

        public void Add(ReadOnlySpan<byte> name, long value) => Scalar(name, value);

        public void Add(ReadOnlySpan<byte> name, decimal value) => Scalar(name, value);

        public void Add(ReadOnlySpan<byte> name, bool value) => Scalar(name, value);

        public void Add(ReadOnlySpan<byte> name, TimeSpan value) => Scalar(name, Math.Round(value.TotalMilliseconds, 3));

        private void Scalar(ReadOnlySpan<byte> name, object value) =>
            List.Add(new LogEventProperty(Encoding.UTF8.GetString(name), new ScalarValue(value)));
    }
}
