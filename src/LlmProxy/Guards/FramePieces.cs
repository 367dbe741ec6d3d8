using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>A string of an event that may hold a placeholder, or a piece of one.</summary>
/// <param name="Start">Of its inside.</param>
/// <param name="Lane">Which text it is a piece of; null: it is whole.</param>
/// <param name="Group">The choice or block that the text belongs to.</param>
/// <param name="IsTool">Arguments of parallel calls may come interleaved; other texts of one choice do not.</param>
/// <param name="IsNested">Its text is JSON itself.</param>
internal readonly record struct FramePiece(int Start, int End, string? Lane, long Group, bool IsTool, bool IsNested);

/// <summary>
/// Reads one event of a stream, of whichever client dialect: its strings, which of them go on in the next event, and
/// which texts it ends. Chat chunks, completions, Responses events, Messages events and Ollama's lines have no place in
/// common that means different things.
/// </summary>
internal sealed class FramePieces(bool textIsJson)
{
    private const long All = -1;
    private const int Deepest = JsonMembers.MaxDepth;

    private readonly List<(int Start, int End, string Path, int Choice, int Tool, bool IsNested)> _found = [];
    private readonly List<long> _choices = [];
    private readonly List<long> _tools = [];
    private readonly string[] _path = new string[Deepest + 1];
    private string _type = "";
    private long _index;
    private long _output;
    private long _content;

    public List<FramePiece> Pieces { get; } = [];

    /// <summary>The groups of texts that end with this event; -1: all.</summary>
    public List<long> Closed { get; } = [];

    /// <summary>False where the data is no JSON.</summary>
    public bool Read(ReadOnlySpan<byte> json)
    {
        Clear();
        try
        {
            var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
            while (reader.Read())
            {
                Take(ref reader);
            }
        }
        catch (JsonException)
        {
            return false;
        }

        foreach ((int start, int end, string path, int choice, int tool, bool isNested) in _found)
        {
            bool isTop = choice < 0;
            long group = isTop ? _index + (_output << 20) : _choices[choice];
            string? lane = IsDelta(path) ? $"{path}:{group}:{(isTop ? _content : tool < 0 ? 0 : _tools[tool])}" : null;
            bool isText = path is "choices/delta/content" or "choices/text" or "message/content" or "response" or "delta/text" || (path == "delta" && _type == "response.output_text.delta");
            bool isArguments = path == "delta" && _type.EndsWith("_arguments.delta", StringComparison.Ordinal);
            Pieces.Add(new FramePiece(start, end, lane, group, tool >= 0, isNested || isArguments || (isText && textIsJson && lane is not null)));
        }

        return true;
    }

    private void Clear()
    {
        _found.Clear();
        _choices.Clear();
        _tools.Clear();
        Pieces.Clear();
        Closed.Clear();
        _type = "";
        _index = _output = _content = 0;
    }

    private void Take(ref Utf8JsonReader reader)
    {
        int depth = reader.CurrentDepth;
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName when depth <= Deepest:
                _path[depth] = Name(ref reader);
                AddIfOfUse(ref reader, "", isNested: false);
                break;
            case JsonTokenType.StartObject when depth == 2 && Is(1, "choices"):
                _choices.Add(_choices.Count);
                break;
            case JsonTokenType.StartObject when depth == 5 && Is(1, "choices") && Is(4, "tool_calls"):
                _tools.Add(_tools.Count);
                break;
            case JsonTokenType.Number when depth <= Deepest && _path[depth] is { } name:
                TakeNumber(depth, name, reader.TryGetInt64(out long number) ? number : 0);
                break;
            case JsonTokenType.True when depth == 1 && _path[1] == "done":
                Closed.Add(All);
                break;
            case JsonTokenType.String when depth <= Deepest:
                TakeString(ref reader, depth);
                break;
        }
    }

    private void TakeNumber(int depth, string name, long number)
    {
        switch (name)
        {
            case "index" when depth == 1:
                _index = number;
                break;
            case "output_index" when depth == 1:
                _output = number;
                break;
            case "content_index" or "summary_index" when depth == 1:
                _content = number;
                break;
            case "index" when depth == 3 && Is(1, "choices"):
                _choices[^1] = number;
                break;
            case "index" when depth == 6 && Is(4, "tool_calls") && Is(1, "choices"):
                _tools[^1] = number;
                break;
        }
    }

    private void TakeString(ref Utf8JsonReader reader, int depth)
    {
        string name = _path[Math.Max(depth, 1)] ?? "";
        if (depth == 1 && name == "type")
        {
            _type = Name(ref reader);
            bool closes = _type == "content_block_stop" || _type.StartsWith("message_", StringComparison.Ordinal) || _type == "error"
                || (_type.StartsWith("response.", StringComparison.Ordinal) && !_type.EndsWith(".delta", StringComparison.Ordinal));
            if (closes)
            {
                Closed.Add(All);
            }
        }
        else if (depth == 3 && name == "finish_reason" && Is(1, "choices"))
        {
            Closed.Add(-2 - (_choices.Count - 1)); // Its index may stand behind it.
        }
        else
        {
            AddIfOfUse(ref reader, name, name is "arguments" or "partial_json");
        }
    }

    /// <summary>The number of the choice that a closing mark means.</summary>
    public long GroupOf(long closed) => closed >= All ? closed : _choices[(int)(-2 - closed)];

    private void AddIfOfUse(ref Utf8JsonReader reader, string name, bool isNested)
    {
        string path = name.Length == 0 ? "" : PathOf(reader.CurrentDepth);
        if (IsDelta(path) || Restorer.MayHold(reader.ValueSpan))
        {
            int start = (int)reader.TokenStartIndex + 1;
            bool isInChoice = Is(1, "choices") && _choices.Count > 0 && reader.CurrentDepth > 2;
            bool isInTool = isInChoice && Is(4, "tool_calls") && _tools.Count > 0 && reader.CurrentDepth > 5;
            _found.Add((start, start + reader.ValueSpan.Length, path, isInChoice ? _choices.Count - 1 : -1, isInTool ? _tools.Count - 1 : -1, isNested));
        }
    }

    private bool Is(int depth, string name) => _path[depth] == name;

    /// <summary>The names on the way, without the levels of arrays.</summary>
    private string PathOf(int depth)
    {
        if (depth == 1)
        {
            return _path[1];
        }

        if (Is(1, "choices"))
        {
            // choices[ ]{ text | delta{ content | tool_calls[ ]{ function{ arguments
            return depth == 3 ? string.Concat("choices/", _path[3]) : depth == 4 && Is(3, "delta") ? Known(_path[4]) : string.Concat("choices/", _path[3], "/", _path[depth]);
        }

        return depth == 2 ? _path[1] switch
        {
            "delta" => string.Concat("delta/", _path[2]),
            "message" => string.Concat("message/", _path[2]),
            _ => "other",
        }
        : "other";
    }

    private static string Known(string name) => name == "content" ? "choices/delta/content" : string.Concat("choices/delta/", name);

    private static bool IsDelta(string path) => path switch
    {
        "choices/text" or "delta" or "delta/text" or "delta/thinking" or "delta/partial_json" or "message/content" or "message/thinking" or "response" or "thinking" => true,
        _ => path.StartsWith("choices/delta/", StringComparison.Ordinal) && path is not ("choices/delta/role" or "choices/delta/id" or "choices/delta/type" or "choices/delta/name"),
    };

    private static string Name(ref Utf8JsonReader reader) => System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
}
