using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>How a stream ends before its time.</summary>
public enum StreamDeath
{
    Reset,
    End,
    ErrorEvent,

    /// <summary>In the middle of an event's bytes, and of a character's.</summary>
    HalfEvent,
    Silence,
}

/// <summary>
/// Vendors of four dialects that all know one text by heart: from its beginning, or from where the assistant's last message
/// leaves off, where they are told to go on as their own documentation has it. What is not a beginning of the text, or not
/// told in the vendor's way, is answered with an error.
/// </summary>
internal static class ReplayingVendors
{
    public static readonly string[] Pieces = [.. Enumerable.Range(0, 200).Select(Piece)];

    public static readonly string Text = string.Concat(Pieces);

    public static UpstreamAnswer Vllm { get; } = call =>
        (bool?)call.Json["continue_final_message"] == true && (bool?)call.Json["add_generation_prompt"] == false
            ? GoOn(call, Beginning(call), OpenAiStream)
            : Refuse("continue_final_message is not set as vLLM wants it")(call);

    /// <summary>Its answer repeats the beginning.</summary>
    public static UpstreamAnswer Mistral { get; } = call =>
        (bool?)call.Json["messages"]!.AsArray()[^1]!["prefix"] == true && call.Json["stream_options"] is null
            ? GoOn(call, Beginning(call), (name, rest, beginning) => OpenAiStream(name, [beginning, .. rest], beginning))
            : Refuse("the last message is no prefix")(call);

    public static UpstreamAnswer Anthropic { get; } = call =>
    {
        string beginning = Beginning(call);
        return char.IsWhiteSpace(beginning[^1]) ? Refuse("messages: final assistant content cannot end with trailing whitespace")(call)
            : call.Json["thinking"] is { } thinking && (string?)thinking["type"] != "disabled" ? Refuse("no beginnings with thinking")(call)
            : GoOn(call, beginning, AnthropicStream);
    };

    public static UpstreamAnswer Ollama { get; } = call => GoOn(call, Beginning(call), OllamaStream);

    /// <summary>A server of OpenAI's dialect that dies after so many pieces.</summary>
    public static UpstreamAnswer DyingOpenAi(int pieces, StreamDeath death, Gate? gate = null) => call => Answers.Sse([.. Die(
        OpenAiStream(call.Model, Pieces[..pieces], "")[..(pieces + 1)],
        OpenAiAnswers.ContentChunk(Pieces[pieces]),
        "data: {\"error\":{\"message\":\"The engine has died\",\"type\":\"server_error\",\"code\":500}}\n\n",
        death,
        gate)])(call);

    /// <summary>A vLLM that goes on and dies after so many pieces of its own.</summary>
    public static UpstreamAnswer DyingContinuation(int pieces) => call => GoOn(call, Beginning(call), (model, rest, _) => OpenAiStream(model, rest, "")[..(pieces + 1)]);

    public static UpstreamAnswer DyingAnthropic(int pieces, StreamDeath death, Gate? gate = null) => call => Answers.Sse([.. Die(
        AnthropicStream(call.Model, Pieces[..pieces], "")[..(pieces + 2)],
        Event("content_block_delta", new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["type"] = "text_delta", ["text"] = Pieces[pieces] } }),
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        death,
        gate)])(call);

    public static UpstreamAnswer DyingOllama(int pieces, StreamDeath death, Gate? gate = null) => call => Answers.JsonLines([.. Die(
        OllamaStream(call.Model, Pieces[..pieces], "")[..pieces],
        Line(call.Model, Pieces[pieces]),
        "{\"error\":\"out of memory\"}\n",
        death,
        gate)])(call);

    /// <summary>Words of one to four bytes a letter, quotes, backslashes, line ends, blank lines and indentation, each where a word may end or begin.</summary>
    private static string Piece(int number)
    {
        string word = (number % 9) switch
        {
            1 => "Wörter",
            3 => "\"quoted\"",
            4 => "日本語",
            5 => "C:\\new\\path",
            7 => "👩‍🚀",
            _ => "word",
        } + number;
        return (number % 7) switch
        {
            0 => word,
            2 => word + "  \n\n",
            3 => "    " + word,
            5 => word + "\n\t",
            _ => " " + word,
        };
    }

    /// <summary>What stands last in the conversation, if it is the assistant's.</summary>
    private static string Beginning(UpstreamCall call)
    {
        JsonNode last = call.Json["messages"]!.AsArray()[^1]!;
        return (string?)last["role"] != "assistant" ? ""
            : last["content"] is JsonArray parts ? string.Concat(parts.Select(part => (string?)part!["text"]))
            : (string)last["content"]!;
    }

    private static Task GoOn(UpstreamCall call, string beginning, Func<string, string[], string, List<string>> tell)
    {
        if (beginning.Length == 0 || !Text.StartsWith(beginning, StringComparison.Ordinal))
        {
            return Refuse($"this is not how the text begins: {beginning}")(call);
        }

        // In pieces of seven characters, so that they never fall where the first vendor's did.
        string rest = Text[beginning.Length..];
        List<string> pieces = [];
        for (int at = 0; at < rest.Length;)
        {
            int length = Math.Min(7, rest.Length - at);
            length += at + length < rest.Length && char.IsLowSurrogate(rest[at + length]) ? 1 : 0;
            pieces.Add(rest.Substring(at, length));
            at += length;
        }

        List<string> events = tell(call.Model, [.. pieces], beginning);
        return events[0][0] == '{' ? Answers.JsonLines([.. events.Select(Step.Send)])(call) : Answers.Sse([.. events.Select(Step.Send)])(call);
    }

    private static UpstreamAnswer Refuse(string why) => Answers.Error(400, why.Replace("\"", "'", StringComparison.Ordinal));

    private static List<string> OpenAiStream(string model, string[] pieces, string beginning) =>
    [
        OpenAiAnswers.Chunk("""{"role":"assistant","content":""}""", model: model).Replace("chatcmpl-1", "chatcmpl-" + model, StringComparison.Ordinal),
        .. pieces.Select(piece => OpenAiAnswers.Chunk(new JsonObject { ["content"] = piece }.ToJsonString(), model: model).Replace("chatcmpl-1", "chatcmpl-" + model, StringComparison.Ordinal)),
        OpenAiAnswers.Chunk("{}", "\"stop\"", model),
        OpenAiAnswers.UsageChunk(model),
        OpenAiAnswers.Done,
    ];

    private static List<string> AnthropicStream(string model, string[] pieces, string beginning) =>
    [
        Event("message_start", new JsonObject { ["message"] = JsonNode.Parse($$$"""{"id":"msg_{{{model}}}","type":"message","role":"assistant","model":"{{{model}}}","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}""") }),
        Event("content_block_start", new JsonObject { ["index"] = 0, ["content_block"] = new JsonObject { ["type"] = "text", ["text"] = "" } }),
        .. pieces.Select(piece => Event("content_block_delta", new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["type"] = "text_delta", ["text"] = piece } })),
        Event("content_block_stop", new JsonObject { ["index"] = 0 }),
        Event("message_delta", new JsonObject { ["delta"] = JsonNode.Parse("""{"stop_reason":"end_turn","stop_sequence":null}"""), ["usage"] = new JsonObject { ["output_tokens"] = 5 } }),
        Event("message_stop", []),
    ];

    private static List<string> OllamaStream(string model, string[] pieces, string beginning) =>
    [
        .. pieces.Select(piece => Line(model, piece)),
        $$"""{"model":"{{model}}","created_at":"2026-02-03T10:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":10,"load_duration":1,"prompt_eval_count":9,"prompt_eval_duration":3,"eval_count":5,"eval_duration":4}""" + "\n",
    ];

    private static string Line(string model, string piece) => new JsonObject
    {
        ["model"] = model,
        ["created_at"] = "2026-02-03T10:00:00Z",
        ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = piece },
        ["done"] = false,
    }.ToJsonString() + "\n";

    private static string Event(string name, JsonObject data)
    {
        data["type"] = name;
        return $"event: {name}\ndata: {data.ToJsonString()}\n\n";
    }

    private static IEnumerable<Step> Die(List<string> told, string next, string error, StreamDeath death, Gate? gate)
    {
        foreach (string one in told)
        {
            yield return Step.Send(one);
        }

        if (gate is not null)
        {
            yield return Step.Wait(gate);
        }

        byte[] bytes = Encoding.UTF8.GetBytes(next);
        switch (death)
        {
            case StreamDeath.Reset:
                yield return Step.Reset;
                break;
            case StreamDeath.ErrorEvent:
                yield return Step.Send(error);
                break;
            case StreamDeath.HalfEvent:
                yield return Step.Send(bytes[..(bytes.Length / 2)]);
                break;
            case StreamDeath.Silence:
                yield return Step.Hang;
                break;
            default:
                break;
        }
    }
}
