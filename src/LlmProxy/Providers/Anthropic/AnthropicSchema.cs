using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// A JSON schema in the part of the language that output_config.format takes: every object closed, no open maps, no
/// recursion. Limits that it does not know (minimum, maxLength) become words of the description.
/// https://platform.claude.com/docs/en/build-with-claude/structured-outputs
/// </summary>
internal sealed class AnthropicSchema
{
    private static readonly string[] Formats = ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

    private readonly List<string> _lost = [];
    private string? _definition;
    private bool _isExpressible = true;

    private AnthropicSchema()
    {
    }

    /// <summary>Keywords that only the description carries on.</summary>
    public IReadOnlyList<string> Lost => _lost;

    /// <summary>Null where the schema cannot be said natively at all.</summary>
    public static ReadOnlyMemory<byte>? Adapt(ReadOnlyMemory<byte> schema, JsonText description, out IReadOnlyList<string> lost)
    {
        var adapter = new AnthropicSchema();
        var output = new ArrayBufferWriter<byte>(schema.Length + 256);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true }))
        {
            adapter.Write(json, schema, description.ToString());
        }

        lost = adapter.Lost;
        return adapter._isExpressible ? output.WrittenMemory : default(ReadOnlyMemory<byte>?);
    }

    private void Write(Utf8JsonWriter json, ReadOnlyMemory<byte> schema, string description = "")
    {
        if (schema.Span[0] != '{')
        {
            json.WriteRawValue(schema.Span, skipInputValidation: true); // true and false
            return;
        }

        var words = new StringBuilder(description);
        bool isObject = false;
        bool hasProperties = false;
        json.WriteStartObject();
        var members = new JsonWalk(schema);
        while (members.Next())
        {
            string name = members.Name();
            switch (name)
            {
                case "description":
                    Add(words, members.Text() ?? "", first: true);
                    break;
                case "type":
                    isObject |= Names(members.Value, "object"u8);
                    Copy(json, name, members.Value);
                    break;
                case "properties" or "$defs" or "definitions":
                    hasProperties |= name == "properties";
                    WriteNamed(json, name, members.Value);
                    break;
                case "anyOf" or "oneOf" or "allOf":
                    WriteEach(json, name == "oneOf" ? "anyOf" : name, members.Value);
                    break;
                case "items" when members.IsObject:
                    json.WritePropertyName(name);
                    Write(json, members.Value);
                    break;
                case "additionalProperties":
                    break; // Always false below: what such an answer holds, the wider schema allows as well.
                case "$ref":
                    CheckReference(members.Text() ?? "");
                    Copy(json, name, members.Value);
                    break;
                case "required" or "enum" or "const" or "default" or "title" or "pattern" or "nullable" or "$schema":
                    Copy(json, name, members.Value);
                    break;
                case "format" when Formats.Contains(members.Text()):
                case "minItems" when members.Number() is 0 or 1:
                    Copy(json, name, members.Value);
                    break;
                default:
                    _lost.Add(name);
                    Add(words, $"{name}: {Encoding.UTF8.GetString(members.Value.Span)}", first: false);
                    break;
            }
        }

        if (isObject || hasProperties)
        {
            _isExpressible &= hasProperties; // An open map; closed, it could only be empty.
            json.WriteBoolean("additionalProperties"u8, false);
        }

        if (words.Length > 0)
        {
            json.WriteString("description"u8, words.ToString());
        }

        json.WriteEndObject();
    }

    private void WriteNamed(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> schemas)
    {
        json.WriteStartObject(name);
        var members = new JsonWalk(schemas);
        while (members.Next())
        {
            string? outer = _definition;
            _definition = name == "properties" ? outer : $"#/{name}/{members.Name()}";
            json.WritePropertyName(members.Name());
            Write(json, members.Value);
            _definition = outer;
        }

        json.WriteEndObject();
    }

    private void WriteEach(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> schemas)
    {
        json.WriteStartArray(name);
        var items = new JsonWalk(schemas);
        while (items.Next())
        {
            Write(json, items.Value);
        }

        json.WriteEndArray();
    }

    private void CheckReference(string target) =>
        _isExpressible &= target.StartsWith("#/", StringComparison.Ordinal) && target != _definition;

    private static void Copy(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.Span, skipInputValidation: true);
    }

    /// <summary>A type is a word or a list of words.</summary>
    private static bool Names(ReadOnlyMemory<byte> type, ReadOnlySpan<byte> word) => type.Span.IndexOf(word) >= 0;

    private static void Add(StringBuilder words, string text, bool first)
    {
        if (text.Length == 0)
        {
            return;
        }

        string gap = words.Length == 0 ? "" : "\n";
        _ = first ? words.Insert(0, text + gap) : words.Append(gap).Append(text);
    }
}
