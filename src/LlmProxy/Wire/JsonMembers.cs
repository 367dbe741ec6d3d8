using System.Text.Json;

namespace LlmProxy.Wire;

/// <summary>Where one member of a JSON object stands in its text.</summary>
internal readonly record struct JsonMember(int NameStart, int NameEnd, int ValueStart, int ValueEnd, JsonTokenType Kind, bool NameIsEscaped)
{
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json) => json[ValueStart..ValueEnd];
}

/// <summary>
/// The members of a JSON object found in one pass without building a tree: enough to read the few fields that decide
/// and to change them in place, whatever stands around them.
/// </summary>
internal sealed class JsonMembers
{
    /// <summary>Deeper documents are refused; the deepest real request seen has a tenth of this.</summary>
    public const int MaxDepth = 256;

    public static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    private JsonMember[] _members = new JsonMember[16];

    public int Count { get; private set; }

    /// <summary>Offset behind the opening brace.</summary>
    public int BodyStart { get; private set; }

    public ref readonly JsonMember this[int index] => ref _members[index];

    /// <summary>Reads the object; throws JsonException when the text is not exactly one JSON object.</summary>
    public void Read(ReadOnlySpan<byte> json)
    {
        Count = 0;
        var reader = new Utf8JsonReader(json, ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("The text is not a JSON object.");
        }

        BodyStart = (int)reader.BytesConsumed;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int nameStart = (int)reader.TokenStartIndex;
            int nameEnd = nameStart + reader.ValueSpan.Length + 2;
            bool escaped = reader.ValueIsEscaped;
            reader.Read();
            int valueStart = (int)reader.TokenStartIndex;
            JsonTokenType kind = reader.TokenType;
            reader.Skip();
            Add(new JsonMember(nameStart, nameEnd, valueStart, (int)reader.BytesConsumed, kind, escaped));
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw new JsonException("The text goes on after the JSON object.");
        }
    }

    public bool NameIs(ReadOnlySpan<byte> json, int index, ReadOnlySpan<byte> name)
    {
        ref readonly JsonMember member = ref _members[index];
        ReadOnlySpan<byte> quoted = json[member.NameStart..member.NameEnd];
        if (!member.NameIsEscaped)
        {
            return quoted.Length == name.Length + 2 && quoted[1..^1].SequenceEqual(name);
        }

        try
        {
            var reader = new Utf8JsonReader(quoted);
            return reader.Read() && reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false; // Half a surrogate pair is no name that anybody looks for.
        }
    }

    /// <summary>The first member of that name, or -1.</summary>
    public int Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, int from = 0)
    {
        for (int i = from; i < Count; i++)
        {
            if (NameIs(json, i, name))
            {
                return i;
            }
        }

        return -1;
    }

    private void Add(in JsonMember member)
    {
        if (Count == _members.Length)
        {
            Array.Resize(ref _members, Count * 2);
        }

        _members[Count++] = member;
    }
}
