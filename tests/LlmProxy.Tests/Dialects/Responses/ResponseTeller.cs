using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Conversation;
using LlmProxy.Dialects.Responses;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.Responses;

/// <summary>Tells one answer to the sinks of the Responses API, and adds a stream's events up as the SDKs do.</summary>
internal static class ResponseTeller
{
    public static ChatTurn Turn(string request) => Turn(Turns.Exchange(request, EndpointKind.Responses));

    public static ChatTurn Turn(Exchange exchange) => new(exchange, Turns.Target("openai"), exchange.ReadChat());

    public static List<JsonNode> Events(ChatTurn turn, Action<ChatSink> tell)
    {
        var output = new ArrayBufferWriter<byte>();
        ChatSink sink = new ResponsesFront().OpenStream(turn);
        sink.Output = output;
        tell(sink);
        return Read(Encoding.UTF8.GetString(output.WrittenSpan));
    }

    public static JsonNode Whole(ChatTurn turn, Action<ChatSink> tell)
    {
        var output = new ArrayBufferWriter<byte>();
        ChatSink sink = new ResponsesFront().OpenWhole(turn);
        sink.Output = output;
        tell(sink);
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    /// <summary>Every event is named twice and numbered without a gap.</summary>
    public static List<JsonNode> Read(string stream)
    {
        var events = new List<JsonNode>();
        foreach (string text in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = text.Split('\n');
            Assert.Equal(2, lines.Length);
            JsonNode data = JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal("event: " + data["type"], lines[0]);
            Assert.Equal(events.Count, (int)data["sequence_number"]!);
            events.Add(data);
        }

        return events;
    }

    public static string[] Types(IEnumerable<JsonNode> events) => [.. events.Select(e => e["type"]!.ToString()["response.".Length..])];

    /// <summary>The output that a client has put together from the single events, without looking at the last one.</summary>
    public static JsonArray Accumulate(IReadOnlyList<JsonNode> events)
    {
        Assert.Equal("response.created", events[0]["type"]!.ToString());
        var output = new JsonArray();
        foreach (JsonNode e in events)
        {
            JsonNode? item = e["output_index"] is { } index && (int)index < output.Count ? output[(int)index] : null;
            Assert.True(item is null || e["item_id"] is null || e["item_id"]!.ToString() == item["id"]!.ToString());
            switch (e["type"]!.ToString())
            {
                case "response.output_item.added":
                    Assert.Equal(output.Count, (int)e["output_index"]!);
                    output.Add(e["item"]!.DeepClone());
                    break;
                case "response.content_part.added":
                    Assert.Equal(item!["content"]!.AsArray().Count, (int)e["content_index"]!);
                    item["content"]!.AsArray().Add(e["part"]!.DeepClone());
                    break;
                case "response.output_text.delta" or "response.refusal.delta":
                    string member = e["type"]!.ToString().Contains("refusal", StringComparison.Ordinal) ? "refusal" : "text";
                    JsonNode part = item!["content"]![(int)e["content_index"]!]!;
                    part[member] = part[member]!.ToString() + e["delta"];
                    foreach (JsonNode? logprob in e["logprobs"]?.AsArray() ?? [])
                    {
                        part["logprobs"]!.AsArray().Add(logprob!.DeepClone());
                    }

                    break;
                case "response.output_text.annotation.added":
                    item!["content"]![(int)e["content_index"]!]!["annotations"]!.AsArray().Add(e["annotation"]!.DeepClone());
                    break;
                case "response.reasoning_summary_part.added":
                    item!["summary"]!.AsArray().Add(e["part"]!.DeepClone());
                    break;
                case "response.reasoning_summary_text.delta":
                    JsonNode summary = item!["summary"]![(int)e["summary_index"]!]!;
                    summary["text"] = summary["text"]!.ToString() + e["delta"];
                    break;
                case "response.function_call_arguments.delta":
                    item!["arguments"] = item["arguments"]!.ToString() + e["delta"];
                    break;
                case "response.custom_tool_call_input.delta":
                    item!["input"] = item["input"]!.ToString() + e["delta"];
                    break;
                case "response.output_item.done":
                    // What the pieces added up to is what the item says at its end; only its seal and state are new.
                    JsonNode done = e["item"]!.DeepClone();
                    item!["status"] = done["status"]?.DeepClone();
                    item["encrypted_content"] = done["encrypted_content"]?.DeepClone();
                    AssertSame(WithoutNulls(item), WithoutNulls(done));
                    output[(int)e["output_index"]!] = done;
                    break;
                default:
                    break;
            }
        }

        return output;
    }

    /// <summary>The same answer told to both sinks, and what a client makes of the stream.</summary>
    public static JsonNode Agree(string request, Action<ChatSink> tell)
    {
        Exchange exchange = Turns.Exchange(request, EndpointKind.Responses);
        JsonNode whole = Whole(Turn(exchange), tell);
        List<JsonNode> events = Events(Turn(exchange), tell);
        JsonNode last = events[^1]["response"]!;
        last["created_at"] = whole["created_at"]!.DeepClone();
        last["completed_at"] = whole["completed_at"]?.DeepClone();
        AssertSame(whole, last);
        AssertSame(whole["output"]!, Accumulate(events));
        return whole;
    }

    private static JsonObject WithoutNulls(JsonNode node)
    {
        JsonObject copy = node.DeepClone().AsObject();
        foreach (string name in copy.Where(member => member.Value is null).Select(member => member.Key).ToList())
        {
            copy.Remove(name);
        }

        // Not told by events of their own.
        copy.Remove("citations");
        return copy;
    }

    private static void AssertSame(JsonNode expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"{expected.ToJsonString()}\n{actual.ToJsonString()}");
}
