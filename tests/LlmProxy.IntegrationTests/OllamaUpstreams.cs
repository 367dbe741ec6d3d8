using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Vendors behind /api, each answering in its own dialect: text, two parallel calls where tools are offered, thinking where it is wished.</summary>
internal static class OllamaUpstreams
{
    private const string Thought = "A greeting. Answer it.";

    /// <summary>A server of OpenAI's dialect that shows its reasoning.</summary>
    public static UpstreamAnswer Thinker { get; } = call => call.WantsStream
        ? Answers.Sse(
            Step.Send(OpenAiAnswers.Chunk("""{"role":"assistant","reasoning_content":"A greeting."}""")),
            Step.Send(OpenAiAnswers.Chunk("""{"reasoning_content":" Answer it."}""")),
            Step.Send(OpenAiAnswers.ContentChunk("Hello.")),
            Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.UsageChunk() + OpenAiAnswers.Done))(call)
        : Answers.Json($$$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"thinker","choices":[{"index":0,"message":{"role":"assistant","content":"Hello.","reasoning_content":"{{{{Thought}}}}"},"finish_reason":"stop"}],"usage":{{{{OpenAiAnswers.ChatUsage}}}}}""")(call);

    /// <summary>https://platform.claude.com/docs/en/api/messages</summary>
    public static UpstreamAnswer Anthropic { get; } = call =>
    {
        List<string> blocks = [];
        if (call.Json["thinking"] is { } thinking && (string?)thinking["type"] != "disabled")
        {
            blocks.Add($$"""{"type":"thinking","thinking":"{{Thought}}","signature":"sig-1"}""");
        }

        if (call.Json["tools"] is JsonArray { Count: > 0 } && !call.Text.Contains("tool_result", StringComparison.Ordinal))
        {
            blocks.Add("""{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Paris"}}""");
            blocks.Add("""{"type":"tool_use","id":"toolu_2","name":"get_weather","input":{"city":"Oslo"}}""");
        }
        else
        {
            blocks.Add("""{"type":"text","text":"Hello from Claude."}""");
        }

        string stop = blocks[^1].Contains("tool_use", StringComparison.Ordinal) ? "tool_use" : "end_turn";
        return call.WantsStream
            ? Answers.Sse([.. AnthropicEvents(blocks, stop)])(call)
            : Answers.Json($$$"""{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{{{string.Join(',', blocks)}}}],"stop_reason":"{{{stop}}}","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":5}}""")(call);
    };

    /// <summary>Ollama itself.</summary>
    public static UpstreamAnswer Native { get; } = call =>
    {
        bool calls = call.Json["tools"] is JsonArray { Count: > 0 };
        string[] said = calls
            ? ["""
               {"role":"assistant","content":"","tool_calls":[{"id":"call_a","function":{"index":0,"name":"get_weather","arguments":{"city":"Paris"}}},{"id":"call_b","function":{"index":1,"name":"get_weather","arguments":{"city":"Oslo"}}}]}
               """]
            : ["""{"role":"assistant","content":"Hello "}""", """{"role":"assistant","content":"from Ollama."}"""];
        string[] lines = [.. said.Select(message => Line(message, "\"done\":false")), Line("""{"role":"assistant","content":""}""", Figures)];
        bool isWhole = (bool?)call.Json["stream"] == false;
        return isWhole
            ? Answers.Json(Line(calls ? said[0] : """{"role":"assistant","content":"Hello from Ollama."}""", Figures))(call)
            : Answers.Bytes(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))), "application/x-ndjson")(call);
    };

    public static UpstreamAnswer NativeDying { get; } = Answers.Bytes(
        Encoding.UTF8.GetBytes(Line("""{"role":"assistant","content":"Half a"}""", "\"done\":false") + "\n{\"error\":\"out of memory\"}\n"), "application/x-ndjson");

    private const string Figures = """
        "done":true,"done_reason":"stop","total_duration":5000,"load_duration":1000,"prompt_eval_count":9,"prompt_eval_duration":1000,"eval_count":5,"eval_duration":3000
        """;

    private static string Line(string message, string rest) => $$"""{"model":"native","created_at":"2026-02-03T10:00:00.123456789Z","message":{{message}},{{rest}}}""";

    private static IEnumerable<Step> AnthropicEvents(List<string> blocks, string stop)
    {
        yield return Event("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}""");
        for (int i = 0; i < blocks.Count; i++)
        {
            JsonNode block = JsonNode.Parse(blocks[i])!;
            foreach ((string start, string[] deltas) in (IEnumerable<(string, string[])>)[Pieces(block)])
            {
                yield return Event("content_block_start", $$"""{"type":"content_block_start","index":{{i}},"content_block":{{start}}}""");
                foreach (string delta in deltas)
                {
                    yield return Event("content_block_delta", $$"""{"type":"content_block_delta","index":{{i}},"delta":{{delta}}}""");
                }
            }

            yield return Event("content_block_stop", $$"""{"type":"content_block_stop","index":{{i}}}""");
        }

        yield return Event("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{stop}}}","stop_sequence":null},"usage":{"output_tokens":5}}""");
        yield return Event("message_stop", """{"type":"message_stop"}""");
    }

    private static (string Start, string[] Deltas) Pieces(JsonNode block) => (string?)block["type"] switch
    {
        "thinking" => ("""{"type":"thinking","thinking":"","signature":""}""",
            [$$"""{"type":"thinking_delta","thinking":"{{Thought}}"}""", """{"type":"signature_delta","signature":"sig-1"}"""]),
        "tool_use" => ($$$"""{"type":"tool_use","id":"{{{block["id"]}}}","name":"{{{block["name"]}}}","input":{}}""",
            ["""{"type":"input_json_delta","partial_json":"{\"ci"}""", $$"""{"type":"input_json_delta","partial_json":"ty\":\"{{block["input"]!["city"]}}\"}"}"""]),
        _ => ("""{"type":"text","text":""}""", ["""{"type":"text_delta","text":"Hello from"}""", """{"type":"text_delta","text":" Claude."}"""]),
    };

    private static Step Event(string name, string data) => Step.Send($"event: {name}\ndata: {data}\n\n");
}
