using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Walks over the members of one JSON object, or the items of one array, of a stream event: the values are slices of the
/// event's own bytes. Throws JsonException where the text is not JSON; what is neither object nor array has no members.
/// </summary>
internal ref struct SpanWalk
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly bool _isObject;
    private readonly bool _isOpen;
    private Utf8JsonReader _reader;
    private ReadOnlySpan<byte> _name;

    public SpanWalk(ReadOnlySpan<byte> json)
    {
        _json = json;
        _reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        _isOpen = !json.IsEmpty && _reader.Read() && _reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        _isObject = _reader.TokenType == JsonTokenType.StartObject;
    }

    /// <summary>Whether the text is an object at all.</summary>
    public readonly bool IsOverObject => _isOpen && _isObject;

    /// <summary>The value as JSON text.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public JsonTokenType Kind { get; private set; }

    public readonly bool IsObject => Kind == JsonTokenType.StartObject;

    public readonly bool IsArray => Kind == JsonTokenType.StartArray;

    /// <summary>What stands between the quotes of a string, escapes as they are; empty for anything else.</summary>
    public readonly ReadOnlySpan<byte> Escaped => Kind == JsonTokenType.String ? Value[1..^1] : default;

    /// <summary>False behind the last one.</summary>
    public bool Next()
    {
        if (!_isOpen || !_reader.Read() || _reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
        {
            return false;
        }

        if (_isObject)
        {
            _name = _reader.ValueSpan;
            _reader.Read();
        }

        Kind = _reader.TokenType;
        int start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        Value = _json[start..(int)_reader.BytesConsumed];
        return true;
    }

    public readonly bool Is(ReadOnlySpan<byte> name) => _name.SequenceEqual(name);

    /// <summary>The number, or 0 where there is none.</summary>
    public readonly long Number()
    {
        if (Kind != JsonTokenType.Number)
        {
            return 0;
        }

        var reader = new Utf8JsonReader(Value);
        reader.Read();
        return reader.TryGetInt64(out long number) ? number
            : reader.TryGetDouble(out double broad) && Math.Abs(broad) < 1e15 ? (long)broad
            : 0;
    }

    /// <summary>Throws where the value is neither of this kind nor null.</summary>
    public readonly void Demand(JsonTokenType kind)
    {
        if (Kind != kind && Kind != JsonTokenType.Null)
        {
            throw new JsonException("A value is not of the documented kind.");
        }
    }

    /// <summary>Decoded text of a string; null for anything else.</summary>
    public readonly string? Text() => Kind == JsonTokenType.String ? new Conversation.JsonText(Value.ToArray()).ToString() : null;
}
