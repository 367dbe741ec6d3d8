using System.Text.Json;

namespace LlmProxy.Wire;

/// <summary>
/// Walks over the members of one JSON object, or the items of one array, handing out each value as a slice of the text.
/// Throws JsonException where the text is not JSON; what is neither object nor array has no members.
/// </summary>
internal ref struct JsonWalk
{
    private readonly ReadOnlyMemory<byte> _json;
    private readonly bool _isObject;
    private readonly bool _isOpen;
    private Utf8JsonReader _reader;
    private ReadOnlySpan<byte> _name;
    private bool _nameIsEscaped;

    public JsonWalk(ReadOnlyMemory<byte> json)
    {
        _json = json;
        _reader = new Utf8JsonReader(json.Span, JsonMembers.ReaderOptions);
        _isOpen = _reader.Read() && _reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        _isObject = _reader.TokenType == JsonTokenType.StartObject;
    }

    /// <summary>The value as JSON text.</summary>
    public ReadOnlyMemory<byte> Value { get; private set; }

    public JsonTokenType Kind { get; private set; }

    /// <summary>0 for the first.</summary>
    public int Index { get; private set; } = -1;

    public readonly bool IsNull => Kind == JsonTokenType.Null;

    public readonly bool IsString => Kind == JsonTokenType.String;

    public readonly bool IsObject => Kind == JsonTokenType.StartObject;

    public readonly bool IsArray => Kind == JsonTokenType.StartArray;

    public readonly bool IsTrue => Kind == JsonTokenType.True;

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
            _nameIsEscaped = _reader.ValueIsEscaped;
            _reader.Read();
        }

        Kind = _reader.TokenType;
        int start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        Value = _json[start..(int)_reader.BytesConsumed];
        Index++;
        return true;
    }

    public readonly bool Is(ReadOnlySpan<byte> name)
    {
        if (!_nameIsEscaped)
        {
            return _name.SequenceEqual(name);
        }

        return Name().AsSpan().SequenceEqual(System.Text.Encoding.UTF8.GetString(name));
    }

    public readonly string Name()
    {
        if (!_nameIsEscaped)
        {
            return System.Text.Encoding.UTF8.GetString(_name);
        }

        var reader = new Utf8JsonReader((byte[])[(byte)'"', .. _name, (byte)'"']);
        reader.Read();
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }

    /// <summary>Decoded text of a string, the digits of a number; null for anything else.</summary>
    public readonly string? Text() => Kind switch
    {
        JsonTokenType.String => new Conversation.JsonText(Value).ToString(),
        JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(Value.Span),
        _ => null,
    };

    public readonly long? Number()
    {
        if (Kind != JsonTokenType.Number)
        {
            return null;
        }

        var reader = new Utf8JsonReader(Value.Span);
        reader.Read();
        return reader.TryGetInt64(out long number) ? number
            : reader.TryGetDouble(out double broad) && Math.Abs(broad) < 1e15 ? (long)broad
            : null;
    }
}
