using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmProxy.Drills.Recordings;

/// <summary>What a recording says, read by other means than the gateway's: small readers for one purpose, one for each format.</summary>
internal sealed class Expected
{
    private readonly List<(string? Id, string Name, string Arguments)> _calls = [];

    public string Text { get; private set; } = "";

    public string Reasoning { get; private set; } = "";

    public string Finish { get; private set; } = "";

    public (long Prompt, long Completion)? Usage { get; private set; }

    public bool EndsInError { get; private set; }

    /// <summary>Ids are null where the vendor has none; arguments as compact JSON.</summary>
    public IReadOnlyList<(string? Id, string Name, string Arguments)> Calls => [.. _calls.Select(c => (c.Id, c.Name, Compact(c.Arguments)))];

    public static Expected Of(Recording recording)
    {
        var expected = new Expected();
        foreach (JsonNode node in Events(recording))
        {
            switch (recording.Api)
            {
                case "chat":
                    expected.OpenAi(node);
                    break;
                case "messages":
                    expected.Anthropic(node);
                    break;
                case "converse":
                    expected.Bedrock(node);
                    break;
                case "gemini":
                    expected.Gemini(node);
                    break;
                case "ollama-chat":
                    expected.Ollama(node);
                    break;
                default:
                    break;
            }
        }

        return expected;
    }

    public static string Compact(string json)
    {
        try
        {
            return JsonNode.Parse(json.Length == 0 ? "{}" : json)!.ToJsonString();
        }
        catch (JsonException)
        {
            return json;
        }
    }

    private static IEnumerable<JsonNode> Events(Recording recording)
    {
        string text = System.Text.Encoding.UTF8.GetString(recording.Body);
        return recording.Format switch
        {
            "sse" => text.ReplaceLineEndings("\n").Split('\n').Where(l => l.StartsWith("data:", StringComparison.Ordinal)).Select(l => l[5..].Trim()).Where(l => l != "[DONE]").Select(l => JsonNode.Parse(l)!),
            "ndjson" => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!),
            "eventstream" => EventStreamPayloads.Read(recording.Body),
            _ => [JsonNode.Parse(text)!],
        };
    }

    private void OpenAi(JsonNode node)
    {
        EndsInError |= node["error"] is JsonObject;
        if (node["choices"]?.AsArray().FirstOrDefault(c => (int?)c!["index"] == 0) is { } choice)
        {
            JsonNode? said = choice["delta"] ?? choice["message"];
            if (said?["content"] is JsonArray parts)
            {
                foreach (JsonNode? part in parts)
                {
                    Text += (string?)part!["text"];
                    Reasoning += string.Concat((part["thinking"]?.AsArray() ?? []).Select(t => (string?)t!["text"]));
                }
            }
            else
            {
                Text += (string?)said?["content"];
            }

            Reasoning += (string?)said?["reasoning_content"] ?? (string?)said?["reasoning"];
            Finish = (string?)choice["finish_reason"] ?? Finish;
            foreach (JsonNode? call in said?["tool_calls"] as JsonArray ?? [])
            {
                int index = (int?)call!["index"] ?? _calls.Count;
                if (index >= _calls.Count)
                {
                    _calls.Add(((string?)call["id"], "", ""));
                }

                _calls[index] = (_calls[index].Id, _calls[index].Name + (string?)call["function"]?["name"], _calls[index].Arguments + (string?)call["function"]?["arguments"]);
            }
        }

        Count(node["usage"], "prompt_tokens", "completion_tokens");
    }

    private void Anthropic(JsonNode node)
    {
        JsonNode? usage = node["usage"] ?? node["message"]?["usage"];
        if (usage is not null)
        {
            long Sum(params string[] names) => names.Sum(n => (long?)usage[n] ?? 0);
            long prompt = Sum("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens");
            Usage = (prompt > 0 ? prompt : Usage?.Prompt ?? 0, Sum("output_tokens"));
        }

        foreach (JsonNode? block in node["content"] as JsonArray ?? [])
        {
            Block(block!);
        }

        if (node["content_block"] is { } begun)
        {
            Block(begun);
        }

        if (node["delta"] is { } delta)
        {
            Text += (string?)delta["text"];
            Reasoning += (string?)delta["thinking"];
            if ((string?)delta["partial_json"] is { Length: > 0 } json)
            {
                (string? Id, string Name, string Arguments) last = _calls[^1];
                _calls[^1] = (last.Id, last.Name, (last.Arguments == "{}" ? "" : last.Arguments) + json);
            }
        }

        Stopped((string?)node["stop_reason"] ?? (string?)node["delta"]?["stop_reason"]);
        EndsInError |= (string?)node["type"] == "error";
    }

    private void Block(JsonNode block)
    {
        Text += (string?)block["type"] == "text" ? (string?)block["text"] : "";
        Reasoning += (string?)block["thinking"];
        if ((string?)block["type"] == "tool_use")
        {
            _calls.Add(((string?)block["id"], (string)block["name"]!, block["input"]?.ToJsonString() ?? ""));
        }
    }

    private void Bedrock(JsonNode node)
    {
        foreach (JsonNode? block in node["output"]?["message"]?["content"] as JsonArray ?? [])
        {
            Text += (string?)block!["text"];
            Reasoning += (string?)block["reasoningContent"]?["reasoningText"]?["text"];
            if (block["toolUse"] is { } use)
            {
                _calls.Add(((string?)use["toolUseId"], (string)use["name"]!, use["input"]!.ToJsonString()));
            }
        }

        if (node["start"]?["toolUse"] is { } started)
        {
            _calls.Add(((string?)started["toolUseId"], (string)started["name"]!, ""));
        }

        if (node["delta"] is { } delta)
        {
            Text += (string?)delta["text"];
            Reasoning += (string?)delta["reasoningContent"]?["text"];
            if (delta["toolUse"] is { } piece)
            {
                _calls[^1] = (_calls[^1].Id, _calls[^1].Name, _calls[^1].Arguments + (string?)piece["input"]);
            }
        }

        if (node["usage"] is { } usage)
        {
            long Sum(params string[] names) => names.Sum(n => (long?)usage[n] ?? 0);
            Usage = (Sum("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"), Sum("outputTokens"));
        }

        Stopped((string?)node["stopReason"]);
    }

    private void Gemini(JsonNode node)
    {
        JsonNode? candidate = node["candidates"]?[0];
        foreach (JsonNode? part in candidate?["content"]?["parts"] as JsonArray ?? [])
        {
            if ((bool?)part!["thought"] == true)
            {
                Reasoning += (string?)part["text"];
            }
            else
            {
                Text += (string?)part["text"];
            }

            if (part["functionCall"] is { } call)
            {
                _calls.Add((null, (string)call["name"]!, call["args"]?.ToJsonString() ?? "{}"));
            }
        }

        if (node["usageMetadata"] is { } usage)
        {
            Usage = ((long?)usage["promptTokenCount"] ?? 0, ((long?)usage["candidatesTokenCount"] ?? 0) + ((long?)usage["thoughtsTokenCount"] ?? 0));
        }

        Stopped((string?)candidate?["finishReason"] ?? (string?)node["promptFeedback"]?["blockReason"]);
    }

    private void Ollama(JsonNode node)
    {
        JsonNode? message = node["message"];
        Text += (string?)message?["content"];
        Reasoning += (string?)message?["thinking"];
        foreach (JsonNode? call in message?["tool_calls"] as JsonArray ?? [])
        {
            _calls.Add(((string?)call!["id"], (string)call["function"]!["name"]!, call["function"]!["arguments"]!.ToJsonString()));
        }

        if ((bool?)node["done"] == true)
        {
            Usage = ((long?)node["prompt_eval_count"] ?? 0, (long?)node["eval_count"] ?? 0);
            Stopped((string?)node["done_reason"] ?? "stop");
        }
    }

    private void Count(JsonNode? usage, string prompt, string completion)
    {
        if (usage is JsonObject)
        {
            Usage = ((long?)usage[prompt] ?? 0, (long?)usage[completion] ?? 0);
        }
    }

    private void Stopped(string? reason)
    {
        Finish = reason switch
        {
            null or "FINISH_REASON_UNSPECIFIED" => Finish,
            "max_tokens" or "MAX_TOKENS" or "length" or "model_context_window_exceeded" => "length",
            "tool_use" => "tool_calls",
            "refusal" or "SAFETY" or "PROHIBITED_CONTENT" or "BLOCKLIST" or "guardrail_intervened" or "content_filtered" => "content_filter",
            _ => _calls.Count > 0 ? "tool_calls" : "stop",
        };
    }
}
