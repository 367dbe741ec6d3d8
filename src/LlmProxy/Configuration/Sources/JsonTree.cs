using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace LlmProxy.Configuration.Sources;

/// <summary>Reads JSON with comments and trailing commas into nodes that remember their lines. What is wrong never quotes the text: it may hold credentials.</summary>
internal ref struct JsonTree
{
    private static readonly JsonReaderOptions Reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 64 };

    private readonly ReadOnlySpan<byte> _json;
    private readonly Findings _findings;
    private Utf8JsonReader _reader;
    private int _line = 1;
    private int _counted;

    private JsonTree(ReadOnlySpan<byte> json, Findings findings)
    {
        _json = json;
        _findings = findings;
        _reader = new Utf8JsonReader(json, Reading);
    }

    /// <summary>Null when the text is not JSON; the findings then say where it stops being so.</summary>
    public static ConfigNode? Parse(ReadOnlySpan<byte> json, Origin root, Findings findings, bool isVerbatim = false)
    {
        json = WithoutMark(json);
        if (!Utf8.IsValid(json))
        {
            findings.Mistake($"{root.Source}: the file is not UTF-8 text");
            return null;
        }

        var tree = new JsonTree(json, findings);
        try
        {
            tree._reader.Read();
            ConfigNode node = tree.ReadValue(root, isVerbatim);
            tree._reader.Read();
            return node;
        }
        catch (JsonException broken)
        {
            findings.Mistake($"{root.Source}, line {broken.LineNumber + 1}, column {broken.BytePositionInLine + 1}: {Reason(broken.Message)}");
            return null;
        }
    }

    /// <summary>Whether the text is an object with such a member; nothing is built and nothing complained of.</summary>
    public static bool HasMember(ReadOnlySpan<byte> json, string name)
    {
        json = WithoutMark(json);
        var reader = new Utf8JsonReader(json, Reading);
        try
        {
            bool isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            while (isObject && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (name.Equals(reader.GetString(), StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }

                reader.Read();
                reader.Skip();
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // Whoever reads it in earnest says where it is broken.
        }

        return false;
    }

    public static ConfigNode? Parse(string json, Origin root, Findings findings, bool isVerbatim = false) =>
        Parse(Encoding.UTF8.GetBytes(json), root, findings, isVerbatim);

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json.StartsWith("\uFEFF"u8) ? json[3..] : json;

    private ConfigNode ReadValue(Origin origin, bool isVerbatim) => _reader.TokenType switch
    {
        JsonTokenType.StartObject => ReadObject(origin, isVerbatim),
        JsonTokenType.StartArray => ReadList(origin, isVerbatim),
        JsonTokenType.String => new ConfigText(origin, ReadString(origin), TextKind.String),
        JsonTokenType.Number => new ConfigText(origin, Encoding.UTF8.GetString(_reader.ValueSpan), TextKind.Number),
        JsonTokenType.True or JsonTokenType.False => new ConfigText(origin, _reader.TokenType == JsonTokenType.True ? "true" : "false", TextKind.Bool),
        _ => new ConfigNull(origin),
    };

    private ConfigObject ReadObject(Origin origin, bool isVerbatim)
    {
        var node = new ConfigObject(origin, isVerbatim);
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            int line = CountLines();
            string name = ReadString(origin);
            _reader.Read();
            CountLines();
            // What stands under Config is the vendor's: its names are told apart by case.
            ConfigNode value = ReadValue(origin.Member(name, line), isVerbatim || name.Equals("Config", StringComparison.OrdinalIgnoreCase));
            if (!node.Members.TryAdd(name, value))
            {
                _findings.Mistake(value.Origin, $"is written twice, first in line {node.Members[name].Origin.Line}");
            }
        }

        return node;
    }

    private ConfigList ReadList(Origin origin, bool isVerbatim)
    {
        var node = new ConfigList(origin);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            node.Items.Add(ReadValue(origin.Item(node.Items.Count, CountLines()), isVerbatim));
        }

        return node;
    }

    private readonly string ReadString(Origin origin)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            _findings.Mistake(origin, "holds half of a surrogate pair, which is no text");
            return "";
        }
    }

    private int CountLines()
    {
        int start = (int)_reader.TokenStartIndex;
        _line += _json[_counted..start].Count((byte)'\n');
        _counted = start;
        return _line;
    }

    /// <summary>The reader's own words without position, and without anything longer than a character that it quotes.</summary>
    private static string Reason(string message)
    {
        int position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string reason = (position > 0 ? message[..position] : message).Trim();
        int open = reason.IndexOf('\'', StringComparison.Ordinal);
        int close = open < 0 ? -1 : reason.IndexOf('\'', open + 1);
        bool quotesText = close - open > 2;
        return quotesText || reason.Length == 0 ? "the text is not JSON" : reason;
    }
}
