using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>The request's settings as a Response repeats them: on one line, with the members that clients expect.</summary>
internal static class ResponseEcho
{
    /// <summary>Line ends stand only between a JSON text's tokens, and would end an event's line.</summary>
    public static byte[] OneLine(ReadOnlySpan<byte> json)
    {
        byte[] line = json.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }

    public static byte[] Text(ReadOnlyMemory<byte> asked) => Object(json =>
    {
        ReadOnlyMemory<byte> format = Member(asked, "format"u8);
        WriteRaw(json, "format"u8, format.IsEmpty ? """{"type":"text"}"""u8.ToArray() : format);
        ReadOnlyMemory<byte> verbosity = Member(asked, "verbosity"u8);
        WriteRaw(json, "verbosity"u8, verbosity.IsEmpty ? "\"medium\""u8.ToArray() : verbosity);
    });

    public static byte[] Reasoning(ReadOnlyMemory<byte> asked) => Object(json =>
    {
        WriteRaw(json, "effort"u8, Member(asked, "effort"u8));
        WriteRaw(json, "summary"u8, Member(asked, "summary"u8));
    });

    /// <summary>Functions have "parameters" and "strict" in every Response, said or not.</summary>
    public static byte[] Tools(ReadOnlyMemory<byte> asked)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, ResponseEvents.Json))
        {
            json.WriteStartArray();
            var tools = new JsonWalk(asked.IsEmpty ? "[]"u8.ToArray() : asked);
            while (tools.Next())
            {
                WriteTool(json, tools.Value);
            }

            json.WriteEndArray();
        }

        return output.WrittenSpan.ToArray();
    }

    private static void WriteTool(Utf8JsonWriter json, ReadOnlyMemory<byte> tool)
    {
        bool isFunction = false;
        bool hasParameters = false;
        bool hasStrict = false;
        json.WriteStartObject();
        var members = new JsonWalk(tool);
        while (members.Next())
        {
            isFunction |= members.Is("type"u8) && members.Text() == "function";
            hasParameters |= members.Is("parameters"u8);
            hasStrict |= members.Is("strict"u8);
            json.WritePropertyName(members.Name());
            json.WriteRawValue(OneLine(members.Value.Span), skipInputValidation: true);
        }

        if (isFunction && !hasParameters)
        {
            json.WriteNull("parameters"u8);
        }

        if (isFunction && !hasStrict)
        {
            json.WriteNull("strict"u8);
        }

        json.WriteEndObject();
    }

    private static byte[] Object(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, ResponseEvents.Json))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlyMemory<byte> value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.IsEmpty ? "null"u8 : OneLine(value.Span), skipInputValidation: true);
    }

    private static ReadOnlyMemory<byte> Member(ReadOnlyMemory<byte> value, ReadOnlySpan<byte> name)
    {
        if (value.IsEmpty)
        {
            return default;
        }

        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is(name))
            {
                return members.IsNull ? default : members.Value;
            }
        }

        return default;
    }
}
