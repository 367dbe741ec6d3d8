using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>
/// The same four answers in four vendors' words: text, two parallel calls when there are tools, text again when their
/// results are there, thinking when it is wanted.
/// </summary>
internal static class AnthropicSdkUpstreams
{
    public const string Thought = "Let me think.";

    private static readonly string[] Cities = ["Paris", "Oslo"];

    private enum Turn
    {
        Text,
        Tools,
        Thinking,
    }

    /// <summary>OpenAI and vLLM.</summary>
    public static UpstreamAnswer OpenAi { get; } = call =>
    {
        if (call.Path.EndsWith("/tokenize", StringComparison.Ordinal))
        {
            return Answers.Json("""{"count":11,"max_model_len":4096,"tokens":[1,2,3,4,5,6,7,8,9,10,11]}""")(call);
        }

        Turn turn = TurnOf(call, (string?)call.Json["messages"]?.AsArray()[^1]?["role"] == "tool");
        bool thinks = turn == Turn.Text && (call.Json["reasoning_effort"] ?? call.Json["chat_template_kwargs"]) is not null;
        if (!call.Path.EndsWith("/chat/completions", StringComparison.Ordinal) || turn == Turn.Tools)
        {
            return OpenAiAnswers.Default(call);
        }

        if (!thinks)
        {
            return OpenAiAnswers.Chat(OpenAiAnswers.Text)(call);
        }

        return call.WantsStream
            ? Answers.Sse(
                Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.Chunk("""{"reasoning_content":"Let me "}""")), Step.Send(OpenAiAnswers.Chunk("""{"reasoning_content":"think."}""")),
                Step.Send(OpenAiAnswers.ContentChunk(OpenAiAnswers.Text)), Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")), Step.Send(OpenAiAnswers.UsageChunk()), Step.Send(OpenAiAnswers.Done))(call)
            : Answers.Json(OpenAiAnswers.ChatJson(OpenAiAnswers.Text).Replace("\"role\":\"assistant\"", $"\"role\":\"assistant\",\"reasoning_content\":\"{Thought}\"", StringComparison.Ordinal))(call);
    };

    public static UpstreamAnswer Anthropic { get; } = call =>
    {
        if (call.Path.EndsWith("/count_tokens", StringComparison.Ordinal))
        {
            return Answers.Json("""{"input_tokens":11}""")(call);
        }

        Turn turn = TurnOf(call, call.Json["messages"]?.AsArray()[^1]?["content"] is JsonArray { Count: > 0 } blocks && (string?)blocks[0]?["type"] == "tool_result");
        JsonArray content = turn switch
        {
            Turn.Tools => [.. Cities.Select((city, i) => JsonNode.Parse($$$"""{"type":"tool_use","id":"toolu_{{{i}}}","name":"get_weather","input":{"city":"{{{city}}}"},"caller":{"type":"direct"}}"""))],
            Turn.Thinking => [JsonNode.Parse($$"""{"type":"thinking","thinking":"{{Thought}}","signature":"c2lnbmVk"}"""), JsonNode.Parse($$"""{"type":"text","text":"{{OpenAiAnswers.Text}}"}""")],
            _ => [JsonNode.Parse($$"""{"type":"text","text":"{{OpenAiAnswers.Text}}"}""")],
        };
        string stop = turn == Turn.Tools ? "tool_use" : "end_turn";
        return call.WantsStream ? Answers.Sse([.. Events(content, stop).Select(Step.Send)])(call) : Answers.Json(Message(content.ToJsonString(), $"\"{stop}\"", 5))(call);
    };

    public static UpstreamAnswer Ollama { get; } = call =>
    {
        if (!call.Path.EndsWith("/api/chat", StringComparison.Ordinal))
        {
            return Answers.Json("""{"version":"0.12.0"}""")(call);
        }

        Turn turn = TurnOf(call, (string?)call.Json["messages"]?.AsArray()[^1]?["role"] == "tool");
        bool thinks = turn != Turn.Tools && call.Json["think"] is JsonValue think && think.ToJsonString() != "false";
        string[] pieces = turn == Turn.Tools
            ? [.. Cities.Select(city => $$$$"""{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"{{{{city}}}}"}}}]}""")]
            : [.. thinks ? (string[])["""{"role":"assistant","content":"","thinking":"Let me "}""", """{"role":"assistant","content":"","thinking":"think."}"""] : [],
                .. OpenAiAnswers.Text.Split(' ').Select((word, i) => $$"""{"role":"assistant","content":"{{(i > 0 ? " " : "")}}{{word}}"}""")];
        const string end = ""","done":true,"done_reason":"stop","total_duration":10,"load_duration":1,"prompt_eval_count":9,"prompt_eval_duration":3,"eval_count":5,"eval_duration":4}""";
        const string head = """{"model":"llama","created_at":"2026-11-01T10:00:00.000000Z","message":""";
        if (!call.WantsStream && call.Json["stream"] is not null)
        {
            JsonObject whole = Join(pieces);
            return Answers.Json(head + whole.ToJsonString() + end)(call);
        }

        string lines = string.Concat(pieces.Select(piece => head + piece + ",\"done\":false}\n")) + head + """{"role":"assistant","content":""}""" + end + "\n";
        return Answers.Bytes(System.Text.Encoding.UTF8.GetBytes(lines), "application/x-ndjson")(call);
    };

    private static Turn TurnOf(UpstreamCall call, bool hasResults) =>
        hasResults ? Turn.Text
        : call.Json["tools"] is JsonArray { Count: > 0 } ? Turn.Tools
        : (string?)call.Json["thinking"]?["type"] is "enabled" or "adaptive" ? Turn.Thinking
        : Turn.Text;

    private static JsonObject Join(string[] pieces)
    {
        var whole = new JsonObject { ["role"] = "assistant", ["content"] = "" };
        foreach (JsonNode piece in pieces.Select(p => JsonNode.Parse(p)!))
        {
            whole["content"] = (string)whole["content"]! + (string?)piece["content"];
            if (piece["thinking"] is { } thinking)
            {
                whole["thinking"] = (string?)whole["thinking"] + (string)thinking!;
            }

            foreach (JsonNode? tool in piece["tool_calls"]?.AsArray() ?? [])
            {
                (whole["tool_calls"] ??= new JsonArray()).AsArray().Add(tool!.DeepClone());
            }
        }

        return whole;
    }

    private static string Message(string content, string stop, int output) =>
        $$$"""{"id":"msg_upstream","type":"message","role":"assistant","model":"claude","content":{{{content}}},"stop_reason":{{{stop}}},"stop_sequence":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":{{{output}}}}}""";

    private static IEnumerable<string> Events(JsonArray content, string stop)
    {
        yield return Event("message_start", $$""" "message":{{Message("[]", "null", 1)}}""");
        yield return Event("ping", "\"more\":1");
        for (int i = 0; i < content.Count; i++)
        {
            JsonNode block = content[i]!;
            (string start, string[] deltas) = (string)block["type"]! switch
            {
                "text" => ("""{"type":"text","text":""}""", (string[])[$$"""{"type":"text_delta","text":"{{OpenAiAnswers.Text}}"}"""]),
                "thinking" => ("""{"type":"thinking","thinking":"","signature":""}""", [$$"""{"type":"thinking_delta","thinking":"{{Thought}}"}""", """{"type":"signature_delta","signature":"c2lnbmVk"}"""]),
                _ => ($$$"""{"type":"tool_use","id":"{{{block["id"]}}}","name":"get_weather","input":{},"caller":{"type":"direct"}}""",
                    [$$"""{"type":"input_json_delta","partial_json":{{JsonValue.Create(block["input"]!.ToJsonString()).ToJsonString()}}}"""]),
            };
            yield return Event("content_block_start", $$""" "index":{{i}},"content_block":{{start}}""");
            foreach (string delta in deltas)
            {
                yield return Event("content_block_delta", $$""" "index":{{i}},"delta":{{delta}}""");
            }

            yield return Event("content_block_stop", $$""" "index":{{i}}""");
        }

        yield return Event("message_delta", $$$""" "delta":{"stop_reason":"{{{stop}}}","stop_sequence":null},"usage":{"output_tokens":5}""");
        yield return Event("message_stop", "\"more\":1");
    }

    private static string Event(string name, string members) => $"event: {name}\ndata: {{\"type\":\"{name}\",{members}}}\n\n";
}

/// <summary>A gateway before four vendors, and one that fails in every way.</summary>
public class AnthropicSdkFixture : GatewayFixture
{
    public const string Key = "sk-anthropic-caller-0123456789";

    public static readonly string[] Models = ["gpt-4o", "qwen", "claude", "llama"];

    protected override GatewaySettings Settings()
    {
        Upstream.Otherwise(AnthropicSdkUpstreams.OpenAi);
        Other.On("claude", AnthropicSdkUpstreams.Anthropic);
        Other.On("llama", AnthropicSdkUpstreams.Ollama);
        Upstream.On("refuses-400", Answers.Error(400, "Unsupported value", "unsupported_value"));
        Upstream.On("refuses-429", Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "7")));
        Upstream.On("refuses-500", Answers.Error(500, "The server had an error"));
        Upstream.On("too-long", Answers.Error(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"));
        Upstream.On("dies", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Break));
        Upstream.On("endless", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("first")), Step.Hang));
        string[] failing = ["refuses-400", "refuses-429", "refuses-500", "too-long", "dies", "endless"];
        object Llm(string name, string provider, string address) => new { Name = name, Provider = provider, Model = name, BaseUrl = address, Auth = new { api_key = "sk-vendor" } };
        return new GatewaySettings
        {
            Config = Config(new
            {
                Keys = new object[] { new { Name = "sdk", Key } },
                Llms = failing.Select(name => Llm(name, "openai", Upstream.BaseUrl))
                    .Append(Llm("gpt-4o", "openai", Upstream.BaseUrl))
                    .Append(Llm("qwen", "vllm", Upstream.BaseUrl))
                    .Append(Llm("claude", "anthropic", Other.Address))
                    .Append(Llm("llama", "ollama", Other.Address)),
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
