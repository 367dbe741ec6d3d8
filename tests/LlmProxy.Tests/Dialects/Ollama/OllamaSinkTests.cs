using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Dialects.Ollama;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.Ollama;

public sealed class OllamaSinkTests
{
    private const string Question = """{"model":"asked","messages":[{"role":"user","content":"x"}],"prompt":"x"}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void StreamAndWhole_SayTheSame(bool isGenerate)
    {
        JsonNode[] lines = Lines(Tell(TellAll, isGenerate, isStream: true));
        JsonNode whole = JsonNode.Parse(Tell(TellAll, isGenerate, isStream: false))!;
        JsonNode Message(JsonNode line) => isGenerate ? line : line["message"]!;
        string text = isGenerate ? "response" : "content";

        Assert.Equal("Grüß \"dich\"\n", (string?)Message(whole)[text]);
        Assert.Equal((string?)Message(whole)[text], string.Concat(lines.Select(l => (string?)Message(l)[text])));
        Assert.Equal((string?)Message(whole)["thinking"], string.Concat(lines.Select(l => (string?)Message(l)["thinking"])));
        Assert.Equal(
            Functions(Message(whole)["tool_calls"]),
            Functions(lines.Select(l => Message(l)["tool_calls"]).Single(calls => calls is not null)));
        Assert.All(lines.SkipLast(1), line => Assert.False((bool)line["done"]!));
        foreach (JsonNode last in (JsonNode[])[lines[^1], whole])
        {
            Assert.True((bool)last["done"]!);
            Assert.Equal("stop", (string?)last["done_reason"]);
            Assert.Equal((12, 5), ((int)last["prompt_eval_count"]!, (int)last["eval_count"]!));
            Assert.True((long)last["total_duration"]! > 0 && (long)last["eval_duration"]! > 0);
            Assert.Equal("asked", (string?)last["model"]);
            Assert.Equal("T", (string?)Message(last)["thinking_blocks"]![0]!["thinking"]);
        }
    }

    [Fact]
    public void Call_ToldInPieces_IsSentAsAnObject()
    {
        JsonNode[] lines = Lines(Tell(TellAll, isGenerate: false, isStream: true));

        JsonNode calls = lines.Select(l => l["message"]!["tool_calls"]).Single(c => c is not null)!;
        Assert.Equal("""{"a":"\u0022q\u0022","b":[1,{}]}""", calls[0]!["function"]!["arguments"]!.ToJsonString());
        Assert.Equal("{}", calls[1]!["function"]!["arguments"]!.ToJsonString());
        Assert.Equal("not json", (string?)calls[2]!["function"]!["arguments"]);
        Assert.Equal("call_a", (string?)calls[0]!["id"]);
        Assert.NotEqual("", (string?)calls[1]!["id"]);
        Assert.Equal([0, 1, 2], calls.AsArray().Select(c => (int)c!["function"]!["index"]!));
    }

    [Fact]
    public void CreatedAt_IsATimeInUtc()
    {
        string created = (string)Lines(Tell(TellAll, isGenerate: false, isStream: true))[0]["created_at"]!;

        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$", created);
    }

    [Theory]
    [InlineData(FinishReason.Stop, "stop")]
    [InlineData(FinishReason.ToolCalls, "stop")]
    [InlineData(FinishReason.Length, "length")]
    [InlineData(FinishReason.ContentFilter, "content_filter")]
    [InlineData(null, "load")]
    public void FinishReason_IsDoneReason(object? reason, string expected)
    {
        JsonNode last = Lines(Tell(
            sink =>
            {
                if (reason is FinishReason finish)
                {
                    sink.Finish(finish);
                }

                sink.End();
            },
            isGenerate: true, isStream: true))[^1];

        Assert.Equal(expected, (string?)last["done_reason"]);
        Assert.Null(last["eval_count"]);
    }

    [Fact]
    public void Logprobs_StandWithTheirText()
    {
        JsonNode[] lines = Lines(Tell(
            sink =>
            {
                sink.Logprobs("{\"token\":\"a\",\"logprob\":-1}"u8);
                sink.Text("a"u8);
                sink.Text("b"u8);
                sink.Finish(FinishReason.Stop);
                sink.End();
            },
            isGenerate: false, isStream: true));

        Assert.Equal("a", (string?)lines[0]["logprobs"]![0]!["token"]);
        Assert.Null(lines[1]["logprobs"]);
    }

    [Fact]
    public void Metadata_Wished_StandsOnTheLastLine()
    {
        JsonNode[] lines = Lines(Tell(TellAll, isGenerate: false, isStream: true, wishes: ",\"llm\":{\"metadata\":true}"));

        Assert.Equal("ollama", (string?)lines[^1]["llm"]!["provider"]);
        Assert.All(lines.SkipLast(1), line => Assert.Null(line["llm"]));
    }

    [Fact]
    public void Error_IsOneSentence()
    {
        var output = new ArrayBufferWriter<byte>();
        OllamaClients.Instance.WriteErrorEvent(output, new GatewayError(ErrorCode.ProviderError, "It \"broke\"."), "id");

        string line = Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.EndsWith("\n", line, StringComparison.Ordinal);
        Assert.Equal("""{"error":"It \u0022broke\u0022."}""", JsonNode.Parse(line)!.ToJsonString());
    }

    private static IEnumerable<string> Functions(JsonNode? calls) => calls!.AsArray().Select(call => call!["function"]!.ToJsonString());

    private static void TellAll(ChatSink sink)
    {
        sink.Begin("id", "vendor-model");
        sink.Reasoning("T"u8);
        sink.Signature("s"u8);
        sink.Text("Gr\\u00fc\u00df "u8);
        sink.Text("\\\"dich\\\"\\n"u8);
        sink.ToolStart(0, "call_a"u8, "f"u8);
        sink.ToolArguments(0, "{\\\"a\\\":\\\"\\\\\\\"q"u8);
        sink.ToolStart(1, default, "g"u8);
        sink.ToolArguments(0, "\\\\\\\"\\\",\\\"b\\\":[1,{}]}"u8);
        sink.ToolStart(2, "call_c"u8, "h"u8);
        sink.ToolArguments(2, "not json"u8);
        sink.Finish(FinishReason.ToolCalls);
        sink.SetUsage(new TokenUsage(9, 3, 0, 5, 2));
        sink.End();
    }

    private static string Tell(Action<ChatSink> tell, bool isGenerate, bool isStream, string wishes = "")
    {
        Exchange exchange = Turns.Exchange(Question[..^1] + wishes + "}", isGenerate ? EndpointKind.OllamaGenerate : EndpointKind.OllamaChat);
        var output = new ArrayBufferWriter<byte>();
        var sink = new OllamaSink(new ChatTurn(exchange, Turns.Target("ollama"), exchange.ReadChat()), isGenerate, isStream) { Output = output };
        tell(sink);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static JsonNode[] Lines(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return [.. text.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];
    }
}
