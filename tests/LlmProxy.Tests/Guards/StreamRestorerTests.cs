using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.Tests.Guards;

public sealed class StreamRestorerTests
{
    private const string Email = "jane@x.example";

    private static Masking Masked()
    {
        var masking = new Masking("emails", "odd");
        masking.Mask($$"""{"input":"{{Email}} x\"y"}""");
        return masking;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Chat_PlaceholderSplitLetterByLetter_IsWholeForTheClient(int pieceBytes)
    {
        const string text = "Hi [EMAIL_1], [not one] [EMAIL_ [[EMAIL_1]] a[";
        string stream = string.Concat(text.Select(c => Chunk(0, $$"""{"content":{{JsonValue.Create(c.ToString()).ToJsonString()}}}"""))) + Chunk(0, "{}", "\"stop\"") + "data: [DONE]\n\n";

        string restored = Masked().RestoreStream(stream, pieceBytes);

        Assert.Equal($"Hi {Email}, [not one] [EMAIL_ [{Email}] a[", Content(restored, 0, "content"));
        Assert.EndsWith("data: [DONE]\n\n", restored, StringComparison.Ordinal);
        Assert.Equal(Events(stream).Count, Events(restored).Count);
    }

    [Fact]
    public void Chat_TwoChoicesAndReasoningInterleaved_AreKeptApart()
    {
        string stream = Chunk(0, """{"reasoning_content":"[EMA"}""") + Chunk(1, """{"content":"[EM"}""") + Chunk(0, """{"reasoning_content":"IL_1] ["}""") + Chunk(1, """{"content":"AIL_1]"}""")
            + Chunk(0, """{"content":"[EMAIL_1"}""") + Chunk(1, "{}", "\"stop\"") + Chunk(0, """{"content":"]["}""") + Chunk(0, "{}", "\"length\"");

        string restored = Masked().RestoreStream(stream, 50);

        Assert.Equal(Email + " [", Content(restored, 0, "reasoning_content"));
        Assert.Equal(Email, Content(restored, 1, "content"));
        Assert.Equal(Email + "[", Content(restored, 0, "content"));
    }

    [Fact]
    public void Chat_ParallelCallsInterleaved_HaveArgumentsThatParse()
    {
        string Piece(int tool, string arguments) =>
            Chunk(0, $$$"""{"tool_calls":[{"index":{{{tool}}},"function":{"arguments":{{{JsonValue.Create(arguments).ToJsonString()}}}}}]}""");
        string stream = Piece(0, "{\"a\":\"[OD") + Piece(1, "{\"b\":\"[EMAI") + Piece(0, "D_1]\"}") + Piece(1, "L_1]\"}") + Chunk(0, "{}", "\"tool_calls\"");

        string restored = Masked().RestoreStream(stream, 33);

        string Arguments(int tool) => string.Concat(Events(restored).Select(e => e["choices"]![0]!["delta"]!["tool_calls"]?[0])
            .Where(call => call?["index"]!.GetValue<int>() == tool).Select(call => call!["function"]!["arguments"]!.ToString()));
        Assert.Equal("x\"y", JsonNode.Parse(Arguments(0))!["a"]!.ToString());
        Assert.Equal(Email, JsonNode.Parse(Arguments(1))!["b"]!.ToString());
    }

    [Fact]
    public void Chat_AnswerInJson_StaysJson()
    {
        string stream = Chunk(0, """{"content":"{\"v\":\"[OD"}""") + Chunk(0, """{"content":"D_1]\"}"}""") + Chunk(0, "{}", "\"stop\"");

        string content = Content(Masked().RestoreStream(stream, 40, textIsJson: true), 0, "content");

        Assert.Equal("x\"y", JsonNode.Parse(content)!["v"]!.ToString());
    }

    [Fact]
    public void Responses_DeltasAndWholeTexts_AreRestoredInOrder()
    {
        string Event(string type, string rest) => $"event: {type}\ndata: {{\"type\":\"{type}\",{rest}}}\n\n";
        string stream = Event("response.output_text.delta", "\"output_index\":0,\"content_index\":0,\"sequence_number\":1,\"delta\":\"To [EMAIL\"")
            + Event("response.output_text.delta", "\"output_index\":0,\"content_index\":0,\"sequence_number\":2,\"delta\":\"_1] [\"")
            + Event("response.output_text.done", "\"output_index\":0,\"content_index\":0,\"sequence_number\":3,\"text\":\"To [EMAIL_1] [\"")
            + Event("response.function_call_arguments.delta", "\"output_index\":1,\"sequence_number\":4,\"delta\":\"{\\\"a\\\":\\\"[ODD_1]\\\"}\"")
            + Event("response.function_call_arguments.done", "\"output_index\":1,\"sequence_number\":5,\"arguments\":\"{\\\"a\\\":\\\"[ODD_1]\\\"}\"");

        List<JsonNode> events = Events(Masked().RestoreStream(stream, 1));

        Assert.Equal([1, 2, 3, 4, 5], events.Select(e => e["sequence_number"]!.GetValue<int>()));
        Assert.Equal($"To {Email} [", events[0]["delta"]!.ToString() + events[1]["delta"]);
        Assert.Equal($"To {Email} [", events[2]["text"]!.ToString());
        Assert.Equal("x\"y", JsonNode.Parse(events[3]["delta"]!.ToString())!["a"]!.ToString());
        Assert.Equal("x\"y", JsonNode.Parse(events[4]["arguments"]!.ToString())!["a"]!.ToString());
    }

    [Fact]
    public void Messages_BlocksOfTextThinkingAndInput_AreRestored()
    {
        string Delta(int index, string type, string field, string text) =>
            $$$"""event: content_block_delta{{{'\n'}}}data: {"type":"content_block_delta","index":{{{index}}},"delta":{"type":"{{{type}}}","{{{field}}}":{{{JsonValue.Create(text).ToJsonString()}}}}}""" + "\n\n";
        const string stop = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
        string stream = Delta(0, "thinking_delta", "thinking", "[EMAIL_1") + Delta(0, "thinking_delta", "thinking", "] [") + stop + Delta(1, "text_delta", "text", "a [EM") + "event: ping\ndata: {\"type\":\"ping\"}\n\n"
            + Delta(1, "text_delta", "text", "AIL_1]") + stop + Delta(2, "input_json_delta", "partial_json", "{\"x\":\"[O") + Delta(2, "input_json_delta", "partial_json", "DD_1]\"}") + stop + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

        List<JsonNode> events = Events(Masked().RestoreStream(stream, 3));

        string Text(string field) => string.Concat(events.Select(e => e["delta"]?[field]?.ToString()));
        Assert.Equal(Email + " [", Text("thinking"));
        Assert.Equal("a " + Email, Text("text"));
        Assert.Equal("x\"y", JsonNode.Parse(Text("partial_json"))!["x"]!.ToString());
    }

    [Fact]
    public void OllamaLines_TextAndCalls_AreRestored()
    {
        const string stream = """{"message":{"role":"assistant","content":"To [EMAI"},"done":false}""" + "\n" + """{"message":{"role":"assistant","content":"L_1]","tool_calls":[{"function":{"name":"f","arguments":{"a":"[ODD_1]"}}}]},"done":false}""" + "\n"
            + """{"message":{"role":"assistant","content":" ["},"done":true}""" + "\n";

        List<JsonNode> lines = [.. Masked().RestoreStream(stream, 5, isSse: false).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

        Assert.Equal($"To {Email} [", string.Concat(lines.Select(line => line["message"]!["content"]!.ToString())));
        Assert.Equal("x\"y", lines[1]["message"]!["tool_calls"]![0]!["function"]!["arguments"]!["a"]!.ToString());
    }

    [Fact]
    public void Event_WithDataInSeveralLines_IsRestoredInOne()
    {
        string restored = Masked().RestoreStream("event: x\ndata: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"[EMAIL_1]\"}}]}\n\n", 9);

        Assert.StartsWith("event: x\ndata: ", restored, StringComparison.Ordinal);
        Assert.Equal(Email, Content(restored, 0, "content"));
    }

    private static string Chunk(int choice, string delta, string finish = "null") =>
        $$"""data: {"id":"c","choices":[{"index":{{choice}},"delta":{{delta}},"finish_reason":{{finish}}}]}""" + "\n\n";

    private static List<JsonNode> Events(string stream) => [.. SseReader.Data(stream).Where(data => data != "[DONE]").Select(data => JsonNode.Parse(data)!)];

    private static string Content(string stream, int choice, string field) => string.Concat(Events(stream).Select(e => e["choices"]![0]!)
        .Where(c => c["index"]!.GetValue<int>() == choice).Select(c => c["delta"]![field]?.ToString()));
}
