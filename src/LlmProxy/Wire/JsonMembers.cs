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

    private const int FirstSize = 8;

    private JsonMember[] _members = [];

    public int Count { get; private set; }

    /// <summary>Offset behind the opening brace.</summary>
    public int BodyStart { get; private set; }

    public ref readonly JsonMember this[int index] => ref _members[index];

    /// <summary>Reads the object; throws JsonException when the text is not exactly one JSON object.</summary>
    public void Read(ReadOnlySpan<byte> json)
    {
        Count = 0;
        var scanner = new JsonScanner(json, MaxDepth);
        scanner.Expect((byte)'{');
        BodyStart = scanner.Position;
        if (scanner.Peek() == (byte)'}')
        {
            scanner.Expect((byte)'}');
        }
        else
        {
            ReadMembers(ref scanner);
        }

        scanner.End();
    }

    private void ReadMembers(ref JsonScanner scanner)
    {
        while (true)
        {
            scanner.SkipSpace();
            int nameStart = scanner.Position;
            bool isEscaped = scanner.SkipString();
            int nameEnd = scanner.Position;
            scanner.Expect((byte)':');
            scanner.SkipSpace();
            int valueStart = scanner.Position;
            JsonTokenType kind = scanner.SkipValue(depth: 1);
            Add(new JsonMember(nameStart, nameEnd, valueStart, scanner.Position, kind, isEscaped));
            if (scanner.Peek() == (byte)',')
            {
                scanner.Expect((byte)',');
                continue;
            }

            scanner.Expect((byte)'}');
            return;
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
            Array.Resize(ref _members, Math.Max(FirstSize, Count * 2));
        }

        _members[Count++] = member;
    }
}
