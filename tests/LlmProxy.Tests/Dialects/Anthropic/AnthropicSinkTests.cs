using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;
using LlmProxy.Tests.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Dialects.Anthropic;

/// <summary>Answers as a client of Anthropic's reads them; the vendor speaks OpenAI's dialect.</summary>
public sealed class AnthropicSinkTests
{
    private const string Request = """{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}""";
    private const string Usage = """{"id":"c","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}""";

    [Fact]
    public void Stream_OfThinkingTextAndCalls_HasItsEventsInOrder()
    {
        List<(string Name, JsonNode Data)> events = Stream(
            """{"id":"c","model":"real","choices":[{"index":0,"delta":{"reasoning_content":"Hm"}}]}""",
            """{"choices":[{"index":0,"delta":{"reasoning_content":"m"}}]}""",
            """{"choices":[{"index":0,"delta":{"content":"So \"it"}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""",
            Usage,
            "[DONE]");

        Assert.Equal(
            [
                "message_start", "content_block_start 0 thinking", "content_block_delta 0 thinking_delta", "content_block_delta 0 thinking_delta", "content_block_stop 0",
                "content_block_start 1 text", "content_block_delta 1 text_delta", "content_block_stop 1",
                "content_block_start 2 tool_use", "content_block_delta 2 input_json_delta", "content_block_stop 2", "message_delta", "message_stop",
            ], events.Select(Short));
        JsonNode start = events[0].Data["message"]!;
        Assert.StartsWith("msg_", (string)start["id"]!, StringComparison.Ordinal);
        Assert.Equal(("real", "assistant"), ((string)start["model"]!, (string)start["role"]!));
        Assert.Equal("So \"it", (string)events[6].Data["delta"]!["text"]!);
        Assert.Equal("""{"type":"tool_use","id":"a","name":"f","input":{},"caller":{"type":"direct"}}""", events[8].Data["content_block"]!.ToJsonString());
        JsonNode end = events[11].Data;
        Assert.Equal("tool_use", (string)end["delta"]!["stop_reason"]!);
        Assert.Equal("""{"input_tokens":6,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":5,"output_tokens_details":{"thinking_tokens":2}}""", end["usage"]!.ToJsonString());
    }

    [Fact]
    public void Stream_WithInterleavedCalls_TellsOneAfterTheOther()
    {
        List<(string Name, JsonNode Data)> events = Stream(
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"t\":\"}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\\""}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"content":"late"}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
            "[DONE]");

        Assert.Equal(
            [
                "content_block_start 0 tool_use", "content_block_delta 0 input_json_delta", "content_block_delta 0 input_json_delta", "content_block_delta 0 input_json_delta", "content_block_stop 0",
                "content_block_start 1 tool_use", "content_block_delta 1 input_json_delta", "content_block_delta 1 input_json_delta", "content_block_stop 1",
                "content_block_start 2 text", "content_block_delta 2 text_delta", "content_block_stop 2",
            ], events.Skip(1).SkipLast(2).Select(Short));
        Assert.Equal("""{"t":"}{\""}""", Accumulate(events)["content"]![0]!["input"]!.ToJsonString().Replace("\\u0022", "\\\"", StringComparison.Ordinal));
        Assert.Equal("tool_use", (string)events[^2].Data["delta"]!["stop_reason"]!);
    }

    [Theory]
    [InlineData("stop", "\"stop_reason\":null", "end_turn")]
    [InlineData("stop", "\"stop_reason\":\"HALT\"", "stop_sequence")]
    [InlineData("length", "\"stop_reason\":null", "max_tokens")]
    [InlineData("content_filter", "\"stop_reason\":null", "refusal")]
    public void Stream_ThatFinishes_SaysWhyInItsWords(string finish, string more, string reason)
    {
        List<(string Name, JsonNode Data)> events = Stream(
            """{"choices":[{"index":0,"delta":{"content":"x"}}]}""",
            $$$"""{"choices":[{"index":0,"delta":{},"finish_reason":"{{{finish}}}",{{{more}}}}]}""");

        JsonNode delta = events[^2].Data["delta"]!;
        Assert.Equal(reason, (string)delta["stop_reason"]!);
        Assert.Equal(reason == "stop_sequence" ? "HALT" : null, (string?)delta["stop_sequence"]);
    }

    [Fact]
    public void Stream_OfARefusal_IsTextWithItsReason()
    {
        JsonNode message = Accumulate(Stream("""{"choices":[{"index":0,"delta":{"refusal":"No."},"finish_reason":"stop"}]}""", "[DONE]"));

        Assert.Equal(("No.", "refusal"), ((string)message["content"]![0]!["text"]!, (string)message["stop_reason"]!));
    }

    [Fact]
    public void Stream_OfNothing_IsStillAWholeMessage()
    {
        Assert.Equal(["message_start", "message_delta", "message_stop"], Stream("""{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""", "[DONE]").Select(Short));
    }

    [Fact]
    public void Stream_WithAGoogleSignature_BringsItBackInTheCallsId()
    {
        JsonNode message = Accumulate(Stream(
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"sig\/+="}}}]},"finish_reason":"tool_calls"}]}"""));
        string id = (string)message["content"]![0]!["id"]!;
        Assert.Matches("^[A-Za-z0-9_-]+$", id);

        using VendorCall call = Turns.Open("litellm", $$$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"{{{id}}}","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{{id}}}","content":"y"}]}]}
            """, "m", EndpointKind.Messages);
        JsonNode messages = JsonNode.Parse(Turns.Body(call))!["messages"]!;
        Assert.Equal("sig/+=", (string)messages[1]!["tool_calls"]![0]!["extra_content"]!["google"]!["thought_signature"]!);
        Assert.Equal(("a", "a"), ((string)messages[1]!["tool_calls"]![0]!["id"]!, (string)messages[2]!["tool_call_id"]!));
    }

    [Fact]
    public void Stream_WithMetadataWanted_HasItOnItsLastEvent()
    {
        List<(string Name, JsonNode Data)> events = Events(Told(Request.Replace("\"m\"", "\"m\",\"llm\":{\"metadata\":true}", StringComparison.Ordinal),
            """{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}""", "[DONE]").Text);

        Assert.Equal("custom", (string)events[^1].Data["llm"]!["provider"]!);
    }

    [Fact]
    public void Stream_WithAnAnnotation_CitesIt()
    {
        JsonNode message = Accumulate(Stream(
            """{"choices":[{"index":0,"delta":{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example","title":"A","start_index":0,"end_index":1}}]},"finish_reason":"stop"}]}"""));

        Assert.Equal("https://a.example", (string)message["content"]![0]!["citations"]![0]!["url"]!);
    }

    [Fact]
    public void Stream_AccumulatesTo_WhatTheWholeAnswerSays()
    {
        JsonNode streamed = Accumulate(Stream(
            """{"id":"c","model":"real","choices":[{"index":0,"delta":{"reasoning":"Hm"}}]}""",
            """{"choices":[{"index":0,"delta":{"content":"Grüße\n"}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":[1,2]}"}},{"index":1,"id":"b","function":{"name":"g","arguments":""}}]},"finish_reason":"tool_calls"}]}""",
            Usage,
            "[DONE]"));
        using VendorCall call = Turns.Open("custom", Request.Replace("true", "false", StringComparison.Ordinal), "m", EndpointKind.Messages, llm => llm.BaseUrl = "http://localhost/v1");
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes("""
            {"id":"c","model":"real","choices":[{"index":0,"message":{"role":"assistant","reasoning":"Hm","content":"Grüße\n","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":[1,2]}"}},{"id":"b","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":"tool_calls"}],
             "usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}
            """));
        JsonNode whole = JsonNode.Parse(told.Text)!;
        streamed["id"] = whole["id"]!.DeepClone();

        Assert.True(JsonNode.DeepEquals(whole, streamed), whole.ToJsonString() + "\n" + streamed.ToJsonString());
    }

    [Fact]
    public void Whole_WithArgumentsThatAreNoJson_KeepsThemAsTheyAre()
    {
        using VendorCall call = Turns.Open("custom", """{"messages":[{"role":"user","content":"x"}]}""", "m", EndpointKind.Messages, llm => llm.BaseUrl = "http://localhost/v1");
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes("""
            {"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{oops"}},{"function":{"name":"g","arguments":"{}"}}]}}]}
            """));
        JsonNode content = JsonNode.Parse(told.Text)!["content"]!;

        Assert.Equal("{oops", (string)content[0]!["input"]!);
        Assert.StartsWith("toolu_", (string)content[1]!["id"]!, StringComparison.Ordinal);
    }

    private static Told Told(string request, params string[] data)
    {
        using VendorCall call = Turns.Open("custom", request, "m", EndpointKind.Messages, llm => llm.BaseUrl = "http://localhost/v1");
        Told told = Turns.Stream(call, OpenAiChatStreamTests.Sse(data));
        Assert.Null(told.Failure);
        Assert.True(told.IsComplete);
        return told;
    }

    private static List<(string Name, JsonNode Data)> Stream(params string[] data) => Events(Told(Request, data).Text);

    private static List<(string Name, JsonNode Data)> Events(string text)
    {
        var events = new List<(string, JsonNode)>();
        foreach (string frame in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = frame.Split('\n');
            Assert.Equal(2, lines.Length);
            JsonNode data = JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal((string)data["type"]!, lines[0]["event: ".Length..]);
            events.Add(((string)data["type"]!, data));
        }

        return events;
    }

    private static string Short((string Name, JsonNode Data) e) =>
        string.Join(' ', new[] { e.Name, e.Data["index"]?.ToJsonString(), (string?)e.Data["content_block"]?["type"] ?? (e.Name == "content_block_delta" ? (string?)e.Data["delta"]!["type"] : null) }.Where(s => s is not null));

    /// <summary>As the official SDKs put a message together.</summary>
    private static JsonNode Accumulate(List<(string Name, JsonNode Data)> events)
    {
        JsonNode message = events[0].Data["message"]!.DeepClone();
        var partial = new Dictionary<int, string>();
        foreach ((string name, JsonNode data) in events.Skip(1))
        {
            JsonArray content = message["content"]!.AsArray();
            JsonNode? delta = data["delta"];
            switch (name)
            {
                case "content_block_start":
                    Assert.Equal(content.Count, (int)data["index"]!);
                    content.Add(data["content_block"]!.DeepClone());
                    break;
                case "content_block_delta" when (string)delta!["type"]! == "input_json_delta":
                    partial[(int)data["index"]!] = partial.GetValueOrDefault((int)data["index"]!) + (string)delta["partial_json"]!;
                    break;
                case "content_block_delta" when (string)delta!["type"]! == "citations_delta":
                    content[(int)data["index"]!]!["citations"] = new JsonArray(delta["citation"]!.DeepClone());
                    break;
                case "content_block_delta":
                    string member = (string)delta!["type"]! switch { "text_delta" => "text", "thinking_delta" => "thinking", _ => "signature" };
                    content[(int)data["index"]!]![member] = (string)content[(int)data["index"]!]![member]! + (string)delta[member]!;
                    break;
                case "content_block_stop" when partial.TryGetValue((int)data["index"]!, out string? json):
                    content[(int)data["index"]!]!["input"] = JsonNode.Parse(json);
                    break;
                case "message_delta":
                    foreach ((string key, JsonNode? value) in delta!.AsObject())
                    {
                        message[key] = value?.DeepClone();
                    }

                    message["usage"] = data["usage"]!.DeepClone();
                    break;
                default:
                    break;
            }
        }

        return message;
    }
}
