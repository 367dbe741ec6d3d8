using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.TestKit;

/// <summary>Answers every endpoint as OpenAI documents it: small, whole and always the same.</summary>
public static class OpenAiAnswers
{
    public const string Text = "Hello from the upstream.";

    public const string RoleChunk =
        """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"upstream-model","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}""" + "\n\n";

    /// <summary>What a whole small chat answer reports.</summary>
    public const string ChatUsage =
        """{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}""";

    public static byte[] SpeechBytes { get; } = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7))];

    /// <summary>The float values of every embedding this upstream makes.</summary>
    public static float[] Vector { get; } = [0.25f, -0.5f, 0.125f, 1f];

    public static UpstreamAnswer Default { get; } = call => For(call)(call);

    /// <summary>One chunk of a chat stream, as an event.</summary>
    public static string Chunk(string delta, string finish = "null", string model = "upstream-model", string? usage = null) =>
        $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"{{model}}","choices":[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}]{{(usage is null ? "" : $",\"usage\":{usage}")}}}""" + "\n\n";

    public static string ContentChunk(string text, string? usage = null) =>
        Chunk($$"""{"content":{{JsonValue.Create(text).ToJsonString()}}}""", usage: usage);

    /// <summary>The chunk without choices that carries the usage.</summary>
    public static string UsageChunk(string model = "upstream-model") =>
        $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"{{model}}","choices":[],"usage":{{ChatUsage}}}""" + "\n\n";

    public const string Done = "data: [DONE]\n\n";

    /// <summary>A whole plain chat answer saying this.</summary>
    public static string ChatJson(string text, string model = "upstream-model", string extra = "") =>
        $$"""{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"{{model}}","choices":[{"index":0,"message":{"role":"assistant","content":{{JsonValue.Create(text).ToJsonString()}},"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{{ChatUsage}},"service_tier":"default","system_fingerprint":"fp_1"{{extra}}}""";

    /// <summary>A chat answer saying this, streamed or plain as it was asked for.</summary>
    public static UpstreamAnswer Chat(string text) => call => call.WantsStream
        ? Answers.Sse([.. StreamSteps(call, text)])(call)
        : Answers.Json(ChatJson(text, call.Model))(call);

    private static UpstreamAnswer For(UpstreamCall call)
    {
        string path = call.Path.TrimEnd('/');
        if (call.Method == "GET")
        {
            return path.EndsWith("/models", StringComparison.Ordinal)
                ? Answers.Json("""{"object":"list","data":[{"id":"upstream-model","object":"model","created":1700000000,"owned_by":"upstream"}]}""")
                : path == "/health" ? Answers.Bytes([], "text/plain") : Answers.Error(404, "Not found");
        }

        (string Ending, Func<UpstreamCall, UpstreamAnswer> Answer)[] endpoints =
        [
            ("/chat/completions", ChatAnswer), ("/completions", Completion), ("/embeddings", Embeddings), ("/responses", Responses),
            ("/responses/input_tokens", _ => Answers.Json("""{"object":"response.input_tokens","input_tokens":11}""")),
            ("/moderations", _ => Answers.Json("""{"id":"modr-1","model":"omni-moderation-latest","results":[{"flagged":false,"categories":{"violence":false},"category_scores":{"violence":0.01}}]}""")),
            ("/images/generations", _ => Answers.Json("""{"created":1700000000,"data":[{"b64_json":"aGVsbG8="}],"usage":{"input_tokens":4,"output_tokens":8,"total_tokens":12,"input_tokens_details":{"text_tokens":4,"image_tokens":0}}}""")),
            ("/audio/speech", _ => Answers.Bytes(SpeechBytes, "audio/mpeg")),
            ("/audio/transcriptions", _ => Answers.Json("""{"text":"hello world","usage":{"type":"tokens","input_tokens":14,"output_tokens":2,"total_tokens":16}}""")),
            ("/rerank", _ => Answers.Json("""{"id":"rr-1","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"usage":{"total_tokens":20}}""")),
        ];
        foreach ((string ending, Func<UpstreamCall, UpstreamAnswer> answer) in endpoints)
        {
            if (path.EndsWith(ending, StringComparison.Ordinal))
            {
                return answer(call);
            }
        }

        return Answers.Error(404, $"Unknown path {path}");
    }

    private static UpstreamAnswer ChatAnswer(UpstreamCall call)
    {
        if (call.Json["tools"] is JsonArray { Count: > 0 } tools)
        {
            return call.WantsStream ? Answers.Sse([.. ToolSteps(call, tools)]) : Answers.Json(ToolJson(call, tools));
        }

        return Chat(call.Json["response_format"]?["type"]?.ToString() == "json_schema" ? """{"city":"Paris","degrees":21}""" : Text);
    }

    private static IEnumerable<Step> StreamSteps(UpstreamCall call, string text)
    {
        bool counts = call.Json["stream_options"]?["include_usage"]?.GetValue<bool>() == true;
        string? none = counts ? "null" : null; // OpenAI puts "usage":null on every chunk but the last.
        yield return Step.Send(Chunk("""{"role":"assistant","content":"","refusal":null}""", model: call.Model, usage: none));
        foreach (string word in text.Split(' ').Select((w, i) => i == 0 ? w : " " + w))
        {
            yield return Step.Send(Chunk($$"""{"content":{{JsonValue.Create(word).ToJsonString()}}}""", model: call.Model, usage: none));
        }

        yield return Step.Send(Chunk("{}", "\"stop\"", call.Model, none));
        if (counts)
        {
            yield return Step.Send(UsageChunk(call.Model));
        }

        yield return Step.Send(Done);
    }

    /// <summary>Two parallel calls of the first tool, their arguments in pieces.</summary>
    private static IEnumerable<Step> ToolSteps(UpstreamCall call, JsonArray tools)
    {
        bool counts = call.Json["stream_options"]?["include_usage"]?.GetValue<bool>() == true;
        string name = ToolName(tools);
        yield return Step.Send(Chunk("""{"role":"assistant","content":null}""", model: call.Model));
        string[] cities = ["Paris", "Oslo"];
        for (int i = 0; i < cities.Length; i++)
        {
            yield return Step.Send(Chunk($$$$"""{"tool_calls":[{"index":{{{{i}}}},"id":"call_{{{{i}}}}","type":"function","function":{"name":"{{{{name}}}}","arguments":""}}]}""", model: call.Model));
            yield return Step.Send(Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"function":{"arguments":"{\"ci"}}]}""", model: call.Model));
            yield return Step.Send(Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"function":{"arguments":"ty\":\"{{{cities[i]}}}\"}"}}]}""", model: call.Model));
        }

        yield return Step.Send(Chunk("{}", "\"tool_calls\"", call.Model));
        if (counts)
        {
            yield return Step.Send(UsageChunk(call.Model));
        }

        yield return Step.Send(Done);
    }

    private static string ToolJson(UpstreamCall call, JsonArray tools) =>
        $$$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"{{{{call.Model}}}}","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"{{{{ToolName(tools)}}}}","arguments":"{\"city\":\"Paris\"}"}},{"id":"call_1","type":"function","function":{"name":"{{{{ToolName(tools)}}}}","arguments":"{\"city\":\"Oslo\"}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{{{{ChatUsage}}}}}""";

    private static string ToolName(JsonArray tools) => tools[0]?["function"]?["name"]?.ToString() ?? "tool";

    private static UpstreamAnswer Completion(UpstreamCall call)
    {
        const string usage = """{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}""";
        string Piece(string text, string finish) =>
            $$"""{"id":"cmpl-1","object":"text_completion","created":1700000000,"model":"{{call.Model}}","choices":[{"text":"{{text}}","index":0,"logprobs":null,"finish_reason":{{finish}}}]}""";
        if (!call.WantsStream)
        {
            return Answers.Json($"{Piece("Once more", "\"stop\"")[..^1]},\"usage\":{usage}}}");
        }

        bool counts = call.Json["stream_options"]?["include_usage"]?.GetValue<bool>() == true;
        List<string> data = [Piece("Once", "null"), Piece(" more", "\"stop\"")];
        if (counts)
        {
            data.Add($$"""{"id":"cmpl-1","object":"text_completion","created":1700000000,"model":"{{call.Model}}","choices":[],"usage":{{usage}}}""");
        }

        return Answers.SseData([.. data]);
    }

    private static UpstreamAnswer Embeddings(UpstreamCall call)
    {
        int count = call.Json["input"] is JsonArray { Count: > 0 } many && many[0] is not JsonValue { } first ? many.Count
            : call.Json["input"] is JsonArray texts && texts[0]!.GetValueKind() == System.Text.Json.JsonValueKind.String ? texts.Count : 1;
        bool base64 = call.Json["encoding_format"]?.ToString() == "base64";
        string value = base64 ? $"\"{Base64Vector()}\"" : $"[{string.Join(',', Vector)}]";
        IEnumerable<string> data = Enumerable.Range(0, count).Select(i => $$"""{"object":"embedding","index":{{i}},"embedding":{{value}}}""");
        return Answers.Json($$$$"""{"object":"list","data":[{{{{string.Join(',', data)}}}}],"model":"{{{{call.Model}}}}","usage":{"prompt_tokens":8,"total_tokens":8}}""");
    }

    private static string Base64Vector()
    {
        byte[] bytes = new byte[Vector.Length * 4];
        for (int i = 0; i < Vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * 4), Vector[i]);
        }

        return Convert.ToBase64String(bytes);
    }

    private static UpstreamAnswer Responses(UpstreamCall call)
    {
        string response = $$$$"""{"id":"resp_1","object":"response","created_at":1700000000,"status":"completed","model":"{{{{call.Model}}}}","output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"{{{{Text}}}}","annotations":[]}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":14}}""";
        if (!call.WantsStream)
        {
            return Answers.Json(response);
        }

        return Answers.Sse(
            Step.Send($$$$"""event: response.created{{{{'\n'}}}}data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"{{{{call.Model}}}}","output":[]}}""" + "\n\n"),
            Step.Send($$"""event: response.output_text.delta{{'\n'}}data: {"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"{{Text}}"}""" + "\n\n"),
            Step.Send($$"""event: response.completed{{'\n'}}data: {"type":"response.completed","sequence_number":2,"response":{{response}}}""" + "\n\n"));
    }
}
