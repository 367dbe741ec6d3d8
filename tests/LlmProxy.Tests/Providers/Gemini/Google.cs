using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Gemini;

/// <summary>Calls to Google's models, and the answers they would get.</summary>
internal static class Google
{
    public const string Ask = """{"model":"x","messages":[{"role":"user","content":"Hi"}]}""";
    public const string AskStream = """{"model":"x","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"}]}""";

    public static JsonObject Request(string json, string model = "gemini-2.5-flash", string provider = "gemini") => JsonNode.Parse(Turns.Body(provider, json, model))!.AsObject();

    /// <summary>A request with these members beside a plain message.</summary>
    public static JsonObject With(string members, string model = "gemini-2.5-flash", string provider = "gemini") =>
        Request($$"""{"model":"x","messages":[{"role":"user","content":"Hi"}],{{members}}}""", model, provider);

    public static JsonObject Messages(string messages, string model = "gemini-2.5-flash", string provider = "gemini") =>
        Request($$"""{"model":"x","messages":[{{messages}}]}""", model, provider);

    public static string? Dropped(string members, string model = "gemini-2.5-flash", string provider = "gemini")
    {
        using VendorCall call = Turns.Open(provider, $$"""{"model":"x","messages":[{"role":"user","content":"Hi"}],{{members}}}""", model);
        _ = Turns.Body(call);
        return call.Dropped;
    }

    public static VendorFailure Refused(string json, string model = "gemini-2.5-flash") =>
        Assert.Throws<CallRefusedException>(() => Turns.Body("gemini", json, model)).Failure;

    public static Told Whole(string answer, string ask = Ask, string model = "gemini-2.5-flash") => Turns.Whole(Turns.Open("gemini", ask, model), Encoding.UTF8.GetBytes(answer));

    public static JsonNode Choice(Told told) => JsonNode.Parse(told.Text)!["choices"]![0]!;

    public static Told Stream(string events, string ask = AskStream, IEnumerable<int>? cuts = null) => Turns.Stream(Turns.Open("gemini", ask, "gemini-2.5-flash"), events, cuts);

    public static string Events(params string[] pieces) => string.Concat(pieces.Select(piece => $"data: {piece}\r\n\r\n"));

    /// <summary>What an SDK puts together of a stream's chunks.</summary>
    public static JsonObject Accumulated(string stream)
    {
        var message = new JsonObject { ["content"] = "" };
        foreach (string line in stream.Split('\n'))
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                continue;
            }

            JsonNode chunk = JsonNode.Parse(line[6..])!;
            message["usage"] = chunk["usage"]?.DeepClone() ?? message["usage"]?.DeepClone();
            foreach (JsonNode? choice in chunk["choices"]!.AsArray())
            {
                JsonObject delta = choice!["delta"]!.AsObject();
                Add(message, "content", delta["content"]);
                Add(message, "reasoning_content", delta["reasoning_content"]);
                Add(message, "refusal", delta["refusal"]);
                foreach (string name in (string[])["thinking_blocks", "annotations", "citations", "images", "grounding_metadata"])
                {
                    if (delta[name] is { } extra)
                    {
                        message[name] = extra.DeepClone();
                    }
                }

                foreach (JsonNode? call in delta["tool_calls"]?.AsArray() ?? [])
                {
                    AddCall(message, call!);
                }

                message["finish_reason"] = choice["finish_reason"]?.DeepClone() ?? message["finish_reason"]?.DeepClone();
            }
        }

        return message;
    }

    public static LlmOptions Options(string provider, params (string Name, string Value)[] auth) => Llm.Of(provider, "gemini-2.5-flash", "", null, auth);

    private static void Add(JsonObject message, string name, JsonNode? text)
    {
        if (text is not null)
        {
            message[name] = (string?)message[name] + (string?)text;
        }
    }

    private static void AddCall(JsonObject message, JsonNode call)
    {
        message["tool_calls"] ??= new JsonArray();
        JsonArray calls = message["tool_calls"]!.AsArray();
        int index = (int)call["index"]!;
        if (calls.Count == index)
        {
            JsonNode first = call.DeepClone();
            first.AsObject().Remove("index");
            calls.Add(first);
            return;
        }

        calls[index]!["function"]!["arguments"] = (string?)calls[index]!["function"]!["arguments"] + (string?)call["function"]!["arguments"];
    }
}
