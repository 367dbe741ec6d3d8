using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

/// <summary>Requests to and answers of Anthropic's API as tests write them.</summary>
internal static class Claude
{
    public const string Sonnet45 = "claude-sonnet-4-5-20250929";
    public const string Opus47 = "claude-opus-4-7";
    public const string Sonnet4 = "claude-sonnet-4-20250514";

    /// <summary>What the vendor is sent for an OpenAI client's request, and what of it is named as dropped.</summary>
    public static (JsonObject Body, string? Dropped) Asked(string json, string model = Sonnet45, Action<LlmOptions>? change = null)
    {
        using VendorCall call = Turns.Open("anthropic", json, model, change: change);
        string body = Turns.Body(call);
        return (JsonNode.Parse(body)!.AsObject(), call.Dropped);
    }

    /// <summary>The same with one user message and these further fields.</summary>
    public static (JsonObject Body, string? Dropped) AskedWith(string fields, string model = Sonnet45, Action<LlmOptions>? change = null) =>
        Asked($$$$"""{"model":"c","messages":[{"role":"user","content":"hi"}],{{{{fields}}}}}""", model, change);

    public static VendorCall Chat(bool stream, string fields = "", string model = Sonnet45) => Turns.Open(
        "anthropic",
        $$$$"""{"model":"c","stream":{{{{(stream ? "true" : "false")}}}},"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]{{{{fields}}}}}""",
        model);

    public static VendorCall Own(string json, EndpointKind? endpoint = null, string model = Sonnet45, Action<LlmOptions>? change = null, params (string, string)[] headers) =>
        Turns.Open("anthropic", json, model, endpoint ?? EndpointKind.Messages, change, headers);

    /// <summary>Events from their data; each is named by its type.</summary>
    public static string Events(params string[] data)
    {
        var text = new StringBuilder();
        foreach (string json in data)
        {
            text.Append("event: ").Append(JsonNode.Parse(json)!["type"]!.GetValue<string>()).Append("\ndata: ").Append(json).Append("\n\n");
        }

        return text.ToString();
    }

    public static string Start(int input = 12, int cacheRead = 0, int cacheWrite = 0) =>
        $$$$"""{"type":"message_start","message":{"id":"msg_test1","type":"message","role":"assistant","model":"claude-told","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":{{{{input}}}},"cache_creation_input_tokens":{{{{cacheWrite}}}},"cache_read_input_tokens":{{{{cacheRead}}}},"output_tokens":1}}}""";

    public static string Block(int index, string block) => $$$$"""{"type":"content_block_start","index":{{{{index}}}},"content_block":{{{{block}}}}}""";

    public static string Delta(int index, string delta) => $$$$"""{"type":"content_block_delta","index":{{{{index}}}},"delta":{{{{delta}}}}}""";

    public static string Text(int index, string text) => Delta(index, $$$$"""{"type":"text_delta","text":"{{{{text}}}}"}""");

    public static string Stop(int index) => $"{{\"type\":\"content_block_stop\",\"index\":{index}}}";

    public static string Finish(string reason, int output = 9, string more = "") =>
        $$$$"""{"type":"message_delta","delta":{"stop_reason":"{{{{reason}}}}","stop_sequence":null{{{{more}}}}},"usage":{"output_tokens":{{{{output}}}}}}""";

    public const string Over = """{"type":"message_stop"}""";

    public const string Ping = """{"type":"ping"}""";

    /// <summary>What an OpenAI client's own accumulation makes of the chunks.</summary>
    public static JsonObject Accumulated(string sse)
    {
        var message = new JsonObject { ["content"] = null, ["tool_calls"] = new JsonArray() };
        foreach (string line in sse.Split('\n'))
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                continue;
            }

            JsonObject chunk = JsonNode.Parse(line[6..])!.AsObject();
            message["usage"] = chunk["usage"]?.DeepClone() ?? message["usage"]?.DeepClone();
            foreach (JsonNode? choice in chunk["choices"]!.AsArray())
            {
                message["finish_reason"] = choice!["finish_reason"]?.DeepClone();
                Add(message, choice["delta"]!.AsObject());
            }
        }

        return message;
    }

    private static void Add(JsonObject message, JsonObject delta)
    {
        foreach ((string name, JsonNode? value) in delta)
        {
            if (name == "tool_calls")
            {
                foreach (JsonNode? call in value!.AsArray())
                {
                    AddCall(message["tool_calls"]!.AsArray(), call!.AsObject());
                }
            }
            else if (value is not null)
            {
                message[name] = name is "content" or "reasoning_content" or "refusal" ? message[name]?.GetValue<string>() + value.GetValue<string>() : value.DeepClone();
            }
        }
    }

    private static void AddCall(JsonArray calls, JsonObject call)
    {
        int index = call["index"]!.GetValue<int>();
        if (calls.Count == index)
        {
            calls.Add(new JsonObject { ["id"] = call["id"]!.DeepClone(), ["name"] = call["function"]!["name"]!.DeepClone(), ["arguments"] = "" });
        }

        calls[index]!["arguments"] = calls[index]!["arguments"]!.GetValue<string>() + call["function"]!["arguments"]!.GetValue<string>();
    }
}
