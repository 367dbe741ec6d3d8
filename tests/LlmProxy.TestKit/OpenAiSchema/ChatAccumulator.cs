using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LlmProxy.TestKit.OpenAiSchema;

/// <summary>One call of a tool as a client sees it in the end.</summary>
public sealed record SeenCall(string Id, string Name, string Arguments);

/// <summary>What a chat answer comes to, streamed or whole, its first choice.</summary>
public sealed record SeenAnswer
{
    public string Text { get; init; } = "";

    public string Reasoning { get; init; } = "";

    public string Refusal { get; init; } = "";

    public IReadOnlyList<SeenCall> Calls { get; init; } = [];

    public string? Finish { get; init; }

    public string? Model { get; init; }

    /// <summary>prompt, completion, cached, reasoning; null when there was none.</summary>
    public (long Prompt, long Completion, long Cached, long Reasoning)? Usage { get; init; }

    /// <summary>thinking_blocks as JSON; empty when there were none.</summary>
    public string ThinkingBlocks { get; init; } = "";

    /// <summary>The error event that ended the stream.</summary>
    public string? Error { get; init; }

    public bool HasDone { get; init; }

    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Reads answers and streams as a strict client does: every rule of the schema, and what they add up to.</summary>
public static class ChatAccumulator
{
    public static SeenAnswer Whole(string json, Extensions? allowed = null)
    {
        IReadOnlyList<string> problems = OpenAiRules.Completion(json, allowed);
        if (problems.Any(p => p.StartsWith("not JSON", StringComparison.Ordinal)))
        {
            return new SeenAnswer { Problems = problems };
        }

        using var document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        var state = new State();
        if (root.TryGetProperty("choices", out JsonElement choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0)
        {
            JsonElement choice = choices[0];
            if (choice.TryGetProperty("message", out JsonElement message))
            {
                state.Add(message, isDelta: false);
            }

            state.Finish = Text(choice, "finish_reason");
        }

        return state.ToAnswer(Text(root, "model"), UsageOf(root), null, hasDone: true, problems);
    }

    /// <summary>The events of a stream: their data, in order. <paramref name="askedForUsage"/>: the request had include_usage.</summary>
    public static SeenAnswer Stream(IEnumerable<string> data, bool askedForUsage, Extensions? allowed = null)
    {
        Extensions extensions = allowed ?? Extensions.Gateway;
        var problems = new List<string>();
        var state = new State();
        string? id = null;
        string? model = null;
        string? error = null;
        (long, long, long, long)? usage = null;
        bool hasDone = false;
        foreach (string one in data)
        {
            if (hasDone || error is not null)
            {
                problems.Add($"something follows the end: {one}");
                continue;
            }

            if (one == "[DONE]")
            {
                hasDone = true;
                continue;
            }

            using JsonDocument? document = Parse(one, problems);
            if (document is null)
            {
                continue;
            }

            JsonElement chunk = document.RootElement;
            if (chunk.ValueKind == JsonValueKind.Object && chunk.TryGetProperty("error", out JsonElement failed) && failed.ValueKind != JsonValueKind.Null)
            {
                error = one;
                problems.AddRange(OpenAiRules.Error(one));
                continue;
            }

            OpenAiRules.Chunk(chunk, extensions, problems);
            id ??= Text(chunk, "id");
            model ??= Text(chunk, "model");
            Check(Text(chunk, "id") == id, $"another id: {one}");
            Check(usage is null, $"a chunk follows the usage: {one}");
            JsonElement choices = chunk.TryGetProperty("choices", out JsonElement c) && c.ValueKind == JsonValueKind.Array ? c : default;
            bool isEmpty = choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0;
            usage ??= UsageOf(chunk);
            Check(usage is null || (isEmpty && askedForUsage), $"usage {(askedForUsage ? "on a chunk with choices" : "that nobody asked for")}: {one}");
            if (!isEmpty)
            {
                foreach (JsonElement choice in choices.EnumerateArray().Where(x => x.GetProperty("index").GetInt32() == 0))
                {
                    state.AddChunk(choice, problems);
                }
            }
        }

        Check(error is not null || hasDone, "no [DONE] at the end");
        Check(error is not null || state.Finish is not null, "no finish reason");
        Check(!askedForUsage || error is not null || usage is not null, "no usage though asked for");
        return state.ToAnswer(model, usage, error, hasDone, problems);

        void Check(bool isRight, string problem)
        {
            if (!isRight)
            {
                problems.Add(problem);
            }
        }
    }

    /// <summary>The data of each event of a stream's bytes; comments are skipped.</summary>
    public static IEnumerable<string> DataOf(string stream)
    {
        foreach (string part in stream.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = [.. part.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].TrimStart(' '))];
            if (lines.Length > 0)
            {
                yield return string.Join('\n', lines);
            }
        }
    }

    private static JsonDocument? Parse(string json, List<string> problems)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            problems.Add($"an event that is not JSON: {json}");
            return null;
        }
    }

    private static (long, long, long, long)? UsageOf(JsonElement root)
    {
        if (!root.TryGetProperty("usage", out JsonElement usage) || usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return (Count(usage, "prompt_tokens"), Count(usage, "completion_tokens"),
            usage.TryGetProperty("prompt_tokens_details", out JsonElement prompt) ? Count(prompt, "cached_tokens") : 0,
            usage.TryGetProperty("completion_tokens_details", out JsonElement completion) ? Count(completion, "reasoning_tokens") : 0);
    }

    private static long Count(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : 0;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed class State
    {
        private readonly StringBuilder _text = new();
        private readonly StringBuilder _reasoning = new();
        private readonly StringBuilder _refusal = new();
        private readonly List<(StringBuilder Id, StringBuilder Name, StringBuilder Arguments)> _calls = [];
        private string _blocks = "";
        private bool _hasRole;

        public string? Finish { get; set; }

        public void AddChunk(JsonElement choice, List<string> problems)
        {
            JsonElement delta = choice.GetProperty("delta");
            if (!_hasRole && Text(delta, "role") != "assistant")
            {
                problems.Add($"the first delta has no role: {choice.GetRawText()}");
            }

            _hasRole = true;
            if (Finish is not null)
            {
                problems.Add($"a delta follows the finish reason: {choice.GetRawText()}");
            }

            Add(delta, isDelta: true, problems);
            Finish ??= Text(choice, "finish_reason");
        }

        public void Add(JsonElement message, bool isDelta, List<string>? problems = null)
        {
            _text.Append(Text(message, "content"));
            _reasoning.Append(Text(message, "reasoning_content") ?? Text(message, "reasoning"));
            _refusal.Append(Text(message, "refusal"));
            if (message.TryGetProperty("thinking_blocks", out JsonElement blocks))
            {
                _blocks += blocks.GetRawText();
            }

            if (message.TryGetProperty("tool_calls", out JsonElement calls) && calls.ValueKind == JsonValueKind.Array)
            {
                int position = 0;
                foreach (JsonElement call in calls.EnumerateArray())
                {
                    AddCall(call, isDelta && call.TryGetProperty("index", out JsonElement index) ? index.GetInt32() : position, isDelta ? problems : null);
                    position++;
                }
            }
        }

        private void AddCall(JsonElement call, int index, List<string>? problems)
        {
            bool isNew = index == _calls.Count;
            if (index > _calls.Count)
            {
                problems?.Add($"tool call {index.ToString(CultureInfo.InvariantCulture)} comes before {_calls.Count}");
                return;
            }

            if (isNew)
            {
                _calls.Add((new(), new(), new()));
                if (problems is not null && (string.IsNullOrEmpty(Text(call, "id")) || !call.TryGetProperty("function", out JsonElement first) || string.IsNullOrEmpty(Text(first, "name"))))
                {
                    problems.Add($"a tool call begins without id or name: {call.GetRawText()}");
                }
            }

            _calls[index].Id.Append(_calls[index].Id.Length == 0 ? Text(call, "id") : null);
            if (call.TryGetProperty("function", out JsonElement function))
            {
                _calls[index].Name.Append(Text(function, "name"));
                _calls[index].Arguments.Append(Text(function, "arguments"));
            }
        }

        public SeenAnswer ToAnswer(string? model, (long, long, long, long)? usage, string? error, bool hasDone, IReadOnlyList<string> problems) => new()
        {
            Text = _text.ToString(),
            Reasoning = _reasoning.ToString(),
            Refusal = _refusal.ToString(),
            Calls = [.. _calls.Select(c => new SeenCall(c.Id.ToString(), c.Name.ToString(), c.Arguments.ToString()))],
            Finish = Finish,
            Model = model,
            Usage = usage,
            ThinkingBlocks = _blocks,
            Error = error,
            HasDone = hasDone,
            Problems = problems,
        };
    }
}
