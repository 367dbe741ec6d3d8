using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;
using Serilog.Events;

namespace LlmProxy.Telemetry.Logs;

/// <summary>One JSON object per line, names in snake_case, times in UTC. A call's fields have their names from the ledger.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A JSON writer over a buffer of ours holds nothing to give back.")]
internal sealed class JsonLogFormat : ILogFormat
{
    private const int LongestName = 64;
    private const int RememberedNames = 1_000;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly HashSet<string> Taken = ["timestamp", "level", "message", "category", "event_id", "trace_id", "span_id", "exception"];

    private readonly Utf8JsonWriter _json = new(Stream.Null, Options);
    private readonly Dictionary<string, JsonEncodedText> _names = [];
    private readonly StringBuilder _message = new();
    private readonly MomentText _moment = new("yyyy-MM-dd'T'HH:mm:ss.", end: "Z", TimeZoneInfo.Utc);
    private readonly ArrayBufferWriter<byte> _callMessage = new();

    public void Write(LogEvent happened, ArrayBufferWriter<byte> line)
    {
        Begin(line, happened.Timestamp, LevelOf(happened.Level));
        Text("message"u8, TextLogFormat.Render(happened, _message));
        if (happened.TraceId is { } trace)
        {
            _json.WriteString("trace_id"u8, trace.ToHexString());
        }

        if (happened.SpanId is { } span)
        {
            _json.WriteString("span_id"u8, span.ToHexString());
        }

        foreach ((string name, LogEventPropertyValue value) in happened.Properties)
        {
            WriteProperty(name, value);
        }

        if (happened.Exception is { } exception)
        {
            Text("exception"u8, exception.ToString());
        }

        End(line);
    }

    public void Write(CallRow call, ArrayBufferWriter<byte> line)
    {
        Begin(line, call.FinishedAt, "Information"u8);
        _json.WriteString("message"u8, MessageOf(call));
        _json.WriteString("category"u8, RequestLog.Category);
        Fields fields = new(_json);
        RequestFields.Tell(call, ref fields);
        End(line);
    }

    private static ReadOnlySpan<byte> LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "Trace"u8,
        LogEventLevel.Debug => "Debug"u8,
        LogEventLevel.Information => "Information"u8,
        LogEventLevel.Warning => "Warning"u8,
        LogEventLevel.Error => "Error"u8,
        _ => "Critical"u8,
    };

    private ReadOnlySpan<byte> MessageOf(CallRow call)
    {
        _callMessage.ResetWrittenCount();
        _callMessage.Put(call.Endpoint);
        _callMessage.Put(" "u8);
        _callMessage.Put(call.RequestedModel ?? "-", 128);
        if (call.Llm is not null)
        {
            _callMessage.Put(" → "u8);
            _callMessage.Put(call.Llm);
        }

        _callMessage.Put(" "u8);
        _callMessage.Put(call.Status);
        return _callMessage.WrittenSpan;
    }

    private void Begin(ArrayBufferWriter<byte> line, DateTimeOffset at, ReadOnlySpan<byte> level)
    {
        _json.Reset(line);
        _json.WriteStartObject();
        _json.WriteString("timestamp"u8, _moment.Of(at));
        _json.WriteString("level"u8, level);
    }

    private void End(ArrayBufferWriter<byte> line)
    {
        _json.WriteEndObject();
        _json.Flush();
        line.Write("\n"u8);
    }

    private void WriteProperty(string name, LogEventPropertyValue value)
    {
        if (name == "SourceContext" && value is ScalarValue { Value: string category })
        {
            _json.WriteString("category"u8, category);
        }
        else if (name == "EventId" && value is StructureValue eventId)
        {
            WriteEventId(eventId);
        }
        else
        {
            _json.WritePropertyName(NameOf(name));
            WriteValue(value);
        }
    }

    private void WriteEventId(StructureValue eventId)
    {
        foreach (LogEventProperty part in eventId.Properties)
        {
            if (part is { Name: "Id", Value: ScalarValue { Value: int id } })
            {
                _json.WriteNumber("event_id"u8, id);
            }
        }
    }

    private void WriteValue(LogEventPropertyValue value)
    {
        switch (value)
        {
            case ScalarValue scalar:
                WriteScalar(scalar.Value);
                break;
            case SequenceValue sequence:
                _json.WriteStartArray();
                foreach (LogEventPropertyValue element in sequence.Elements)
                {
                    WriteValue(element);
                }

                _json.WriteEndArray();
                break;
            case StructureValue structure:
                _json.WriteStartObject();
                foreach (LogEventProperty property in structure.Properties)
                {
                    _json.WritePropertyName(NameOf(property.Name));
                    WriteValue(property.Value);
                }

                _json.WriteEndObject();
                break;
            case DictionaryValue dictionary:
                _json.WriteStartObject();
                foreach ((ScalarValue key, LogEventPropertyValue element) in dictionary.Elements)
                {
                    _json.WritePropertyName(Cut(key.Value?.ToString() ?? "null"));
                    WriteValue(element);
                }

                _json.WriteEndObject();
                break;
            default:
                _json.WriteStringValue(Cut(value.ToString()));
                break;
        }
    }

    private void WriteScalar(object? value)
    {
        switch (value)
        {
            case null:
                _json.WriteNullValue();
                break;
            case bool flag:
                _json.WriteBooleanValue(flag);
                break;
            case int or long or short or byte or sbyte or ushort or uint:
                _json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong number:
                _json.WriteNumberValue(number);
                break;
            case decimal number:
                _json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                _json.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                _json.WriteNumberValue(number);
                break;
            case DateTimeOffset time:
                _json.WriteStringValue(time.ToUniversalTime());
                break;
            default:
                _json.WriteStringValue(Cut(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
                break;
        }
    }

    private void Text(ReadOnlySpan<byte> name, string value) => _json.WriteString(name, Cut(value));

    private static ReadOnlySpan<char> Cut(string value) => value.Length > LogText.LongestText ? value.AsSpan(0, LogText.LongestText) : value;

    private JsonEncodedText NameOf(string name)
    {
        if (!_names.TryGetValue(name, out JsonEncodedText encoded))
        {
            string snake = JsonNamingPolicy.SnakeCaseLower.ConvertName(name.Length > LongestName ? name[..LongestName] : name);
            encoded = JsonEncodedText.Encode(Taken.Contains(snake) ? "_" + snake : snake, Options.Encoder);
            if (_names.Count < RememberedNames)
            {
                _names.Add(name, encoded);
            }
        }

        return encoded;
    }

    private readonly struct Fields(Utf8JsonWriter json) : IFieldSink
    {
        public void Add(ReadOnlySpan<byte> name, string value) => json.WriteString(name, Cut(value));

        public void Add(ReadOnlySpan<byte> name, long value) => json.WriteNumber(name, value);

        public void Add(ReadOnlySpan<byte> name, decimal value) => json.WriteNumber(name, value);

        public void Add(ReadOnlySpan<byte> name, bool value) => json.WriteBoolean(name, value);

        public void Add(ReadOnlySpan<byte> name, TimeSpan value)
        {
            Span<byte> ms = stackalloc byte[Digits.Longest];
            int length = NumberText.Write(Digits.RoundToEven(value.Ticks, TimeSpan.TicksPerMicrosecond), places: 3, keepsZeros: false, ms);
            json.WritePropertyName(name);
            json.WriteRawValue(ms[..length], skipInputValidation: true);
        }
    }
}
