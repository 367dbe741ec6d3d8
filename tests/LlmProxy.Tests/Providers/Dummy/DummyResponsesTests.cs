using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyResponsesTests
{
    private const string Tool = """
        "tools":[{"type":"function","name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]
        """;

    [Fact]
    public async Task Plain_TextInput_IsOneMessage()
    {
        JsonNode answer = await new DummyClient().PostAsync("responses", """{"model":"m","instructions":"be brief","input":"hello there"}""");
        JsonNode item = Assert.Single(answer["output"]!.AsArray())!;

        Assert.Equal("completed", (string?)answer["status"]);
        Assert.Equal("be brief", (string?)answer["instructions"]);
        Assert.EndsWith("You said: hello there", (string?)item["content"]![0]!["text"], StringComparison.Ordinal);
        Assert.Equal((int)answer["usage"]!["input_tokens"]! + (int)answer["usage"]!["output_tokens"]!, (int?)answer["usage"]!["total_tokens"]);
    }

    [Fact]
    public async Task Plain_Limit_LeavesItIncomplete()
    {
        JsonNode answer = await new DummyClient().PostAsync("responses", """{"input":"hi","max_output_tokens":4}""");

        Assert.Equal("incomplete", (string?)answer["status"]);
        Assert.Equal("max_output_tokens", (string?)answer["incomplete_details"]!["reason"]);
        Assert.Equal(4, (int?)answer["usage"]!["output_tokens"]);
    }

    [Fact]
    public async Task Plain_ToolNamed_IsCalled()
    {
        JsonNode call = (await new DummyClient().PostAsync("responses", $$"""{"input":[{"role":"user","content":[{"type":"input_text","text":"use get_weather"}]}],{{Tool}}}"""))["output"]![0]!;

        Assert.Equal("function_call", (string?)call["type"]);
        Assert.Equal("""{"city":"city"}""", (string?)call["arguments"]);
        Assert.StartsWith("call_", (string?)call["call_id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_AfterToolOutput_SpeaksAgain()
    {
        JsonNode answer = await new DummyClient().PostAsync("responses", $$"""{"input":[{"role":"user","content":"get_weather"},{"type":"function_call","call_id":"c","name":"get_weather","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"sunny"}],{{Tool}}}""");

        Assert.Contains("The tool answered: sunny", (string?)answer["output"]![0]!["content"]![0]!["text"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_Schema_IsSatisfied() => Assert.Equal(
        """{"n":1}""",
        (string?)(await new DummyClient().PostAsync("responses", """{"input":"x","text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}}"""))["output"]![0]!["content"]![0]!["text"]);

    [Fact]
    public async Task Stream_Text_IsTheWholeSequenceOfEvents()
    {
        List<JsonNode> events = DummyClient.Chunks(await new DummyClient("{\"words\":3}").StreamAsync("responses", """{"stream":true,"input":"hi"}"""));

        Assert.Equal(
            [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.delta",
                "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
            ],
            events.Select(e => (string?)e["type"]));
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(e => (int)e["sequence_number"]!));
        Assert.Equal((string?)events[7]["text"], string.Concat(events.Select(e => (string?)e["delta"])));
        Assert.Equal((string?)events[7]["text"], (string?)events[^1]["response"]!["output"]![0]!["content"]![0]!["text"]);
        Assert.NotNull(events[^1]["response"]!["usage"]);
        Assert.Null(events[0]["response"]!["usage"]);
    }

    [Fact]
    public async Task Stream_Events_CarryTheirNames()
    {
        using HttpResponseMessage response = await new DummyClient("{\"words\":1}").SendAsync("responses", """{"stream":true,"input":"hi"}""");
        string text = await response.Content.ReadAsStringAsync();

        Assert.StartsWith("event: response.created\ndata: {\"type\":\"response.created\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ToolCall_ArrivesAsArgumentDeltas()
    {
        List<JsonNode> events = DummyClient.Chunks(await new DummyClient().StreamAsync("responses", $$"""{"stream":true,"input":"get_weather","tool_choice":"required",{{Tool}}}"""));

        Assert.Equal("""{"city":"city"}""", string.Concat(events.Where(e => (string?)e["type"] == "response.function_call_arguments.delta").Select(e => (string?)e["delta"])));
        Assert.Equal("get_weather", (string?)events[^1]["response"]!["output"]![0]!["name"]);
    }

    [Fact]
    public async Task Stream_Limited_EndsIncomplete() =>
        Assert.Equal("response.incomplete", (string?)DummyClient.Chunks(await new DummyClient().StreamAsync("responses", """{"stream":true,"input":"hi","max_output_tokens":2}"""))[^1]["type"]);

    [Fact]
    public async Task InputTokens_AreCounted()
    {
        JsonNode answer = await new DummyClient().PostAsync("responses/input_tokens", """{"input":"hello there, dummy"}""");

        Assert.Equal("response.input_tokens", (string?)answer["object"]);
        Assert.Equal(5 + 4, (int?)answer["input_tokens"]);
    }
}
