using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.OpenAi;

/// <summary>The same answer told to the stream's sink and to the whole one says the same.</summary>
public sealed class ChatSinkTests
{
    private const string Question = """{"model":"m","messages":[{"role":"user","content":"x"}]}""";
    private const string WithMetadata = """{"messages":[{"role":"user","content":"x"}],"stream":true,"llm":{"metadata":true}}""";
    private const string WithUsage = """{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true,"stream_options":{"include_usage":true}}""";

    [Fact]
    public void Stream_OfText_IsRoleThenTextThenFinishThenDone()
    {
        List<JsonNode> chunks = Chunks(Question, TellText);

        Assert.Equal(["assistant", null, null], chunks.Select(c => c["choices"]![0]!["delta"]!["role"]?.ToString()));
        Assert.Equal("Grüß \"dich\"\n", string.Concat(chunks.Select(c => c["choices"]![0]!["delta"]!["content"]?.ToString())));
        Assert.Equal([null, null, "stop"], chunks.Select(c => c["choices"]![0]!["finish_reason"]?.ToString()));
        Assert.All(chunks, c =>
        {
            Assert.Equal(("answer-1", "chat.completion.chunk", "model-1"), (c["id"]!.ToString(), c["object"]!.ToString(), c["model"]!.ToString()));
            Assert.False(c.AsObject().ContainsKey("usage"));
        });
    }

    [Fact]
    public void Stream_UsageAskedFor_StandsOnAChunkOfItsOwnAndAsNullElsewhere()
    {
        List<JsonNode> chunks = Chunks(WithUsage, TellText);

        Assert.All(chunks.SkipLast(1), c => Assert.True(c.AsObject().ContainsKey("usage") && c["usage"] is null));
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal((12, 5, 17), ((int)chunks[^1]["usage"]!["prompt_tokens"]!, (int)chunks[^1]["usage"]!["completion_tokens"]!, (int)chunks[^1]["usage"]!["total_tokens"]!));
        Assert.Equal((3, 2), ((int)chunks[^1]["usage"]!["prompt_tokens_details"]!["cached_tokens"]!, (int)chunks[^1]["usage"]!["completion_tokens_details"]!["reasoning_tokens"]!));
    }

    [Fact]
    public void Stream_OfInterleavedCalls_KeepsThemApart()
    {
        List<JsonNode> chunks = Chunks(Question, TellTools);

        string[] arguments = ["", ""];
        foreach (JsonNode? call in chunks.SelectMany(c => c["choices"]![0]!["delta"]!["tool_calls"]?.AsArray() ?? []))
        {
            arguments[(int)call!["index"]!] += call["function"]!["arguments"]!.ToString();
        }

        Assert.Equal(["{\"a\":1}", "{\"b\":\"x\"}"], arguments);
        Assert.Equal("tool_calls", chunks[^1]["choices"]![0]!["finish_reason"]!.ToString());
        Assert.True(chunks[0]["choices"]![0]!["delta"]!.AsObject().ContainsKey("content"));
    }

    [Fact]
    public void Calls_WithoutIdsOfTheirOwn_GetTheSameOnesInStreamAndWhole()
    {
        Exchange exchange = Turns.Exchange(Question);
        string[] streamed = [.. Chunks(exchange, TellTools).SelectMany(c => c["choices"]![0]!["delta"]!["tool_calls"]?.AsArray() ?? []).Select(c => c!["id"]?.ToString()).OfType<string>()];
        string[] whole = [.. Whole(exchange, TellTools)["choices"]![0]!["message"]!["tool_calls"]!.AsArray().Select(c => c!["id"]!.ToString())];

        Assert.Equal("call_v1", streamed[0]);
        Assert.StartsWith("call_", streamed[1], StringComparison.Ordinal);
        Assert.Equal(streamed, whole);
    }

    [Fact]
    public void Thinking_WithSignatures_ComesAsTextAndAsOneArrayOfBlocks()
    {
        List<JsonNode> chunks = Chunks(Question, TellThinking);
        JsonNode[] blocks = [.. chunks.Select(c => c["choices"]![0]!["delta"]!["thinking_blocks"]).OfType<JsonNode>()];
        JsonNode message = Whole(Turns.Exchange(Question), TellThinking)["choices"]![0]!["message"]!;

        Assert.Equal("Hm, yes.", string.Concat(chunks.Select(c => c["choices"]![0]!["delta"]!["reasoning_content"]?.ToString())));
        Assert.True(JsonNode.DeepEquals(Assert.Single(blocks), message["thinking_blocks"]));
        Assert.Equal("""[{"type":"thinking","thinking":"Hm, yes.","signature":"s\u002B1"},{"type":"redacted_thinking","data":"xx"}]""", message["thinking_blocks"]!.ToJsonString());
        Assert.Equal("Hm, yes.", message["reasoning_content"]!.ToString());
    }

    [Fact]
    public void Whole_HasEveryMemberThatSdksRead()
    {
        JsonNode answer = Whole(Turns.Exchange(Question), TellText);
        JsonObject message = answer["choices"]![0]!["message"]!.AsObject();

        Assert.Equal(("answer-1", "chat.completion", "model-1"), (answer["id"]!.ToString(), answer["object"]!.ToString(), answer["model"]!.ToString()));
        Assert.True(message.ContainsKey("refusal") && message["refusal"] is null);
        Assert.Equal("Grüß \"dich\"\n", message["content"]!.ToString());
        Assert.Equal(17, (int)answer["usage"]!["total_tokens"]!);
        Assert.True(answer["choices"]![0]!.AsObject().ContainsKey("logprobs"));
    }

    [Fact]
    public void Metadata_Wished_IsOnTheLastChunk()
    {
        List<JsonNode> chunks = Chunks(WithMetadata, TellText);

        Assert.All(chunks.SkipLast(1), c => Assert.False(c.AsObject().ContainsKey("llm")));
        Assert.Equal(("openai", 5), (chunks[^1]["llm"]!["provider"]!.ToString(), (int)chunks[^1]["llm"]!["usage"]!["output_tokens"]!));
        Assert.Equal("stop", chunks[^1]["choices"]![0]!["finish_reason"]!.ToString());
    }

    [Fact]
    public void Metadata_Wished_HoldsNoTextBack()
    {
        var output = new ArrayBufferWriter<byte>();
        ChatSink sink = new ChatChunkSink(TurnOf(Turns.Exchange(WithMetadata))) { Output = output };

        sink.Text("Grüß"u8);

        Assert.Contains("Grüß", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_OfAnAnswerThatIsNeverFinished_HasAChunkOfItsOwn()
    {
        List<JsonNode> chunks = Chunks(WithMetadata, sink =>
        {
            sink.Text("x"u8);
            sink.End();
        });

        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal("openai", (string?)chunks[^1]["llm"]!["provider"]);
    }

    [Fact]
    public void Choices_OfSeveralAnswers_AreToldApartAndAddedUp()
    {
        Exchange exchange = Turns.Exchange(WithUsage);
        ChatTurn turn = TurnOf(exchange);
        var client = new ChatChunkSink(turn) { Output = new ArrayBufferWriter<byte>() };
        ChoiceSink[] sinks = ChoiceSink.Over(client, 2);
        foreach (ChoiceSink sink in sinks)
        {
            sink.Output = client.Output;
            TellText(sink);
        }

        List<JsonNode> chunks = Read(Encoding.UTF8.GetString(((ArrayBufferWriter<byte>)client.Output).WrittenSpan));
        Assert.Equal([0, 0, 0, 1, 1, 1], chunks.SkipLast(1).Select(c => (int)c["choices"]![0]!["index"]!));
        Assert.Equal(34, (int)chunks[^1]["usage"]!["total_tokens"]!);
    }

    private static void TellText(ChatSink sink)
    {
        sink.Begin("answer-1", "model-1");
        sink.Text("Grüß "u8);
        sink.Text(""u8);
        sink.Text("\\\"dich\\\"\\n"u8);
        sink.SetUsage(new TokenUsage(8, 3, 1, 5, 2));
        sink.Finish(FinishReason.Stop);
        sink.End();
    }

    private static void TellTools(ChatSink sink)
    {
        sink.Begin("answer-1", "model-1");
        sink.ToolStart(0, "call_v1"u8, "first"u8);
        sink.ToolArguments(0, "{\\\"a\\\""u8);
        sink.ToolStart(1, default, "second"u8);
        sink.ToolArguments(1, "{\\\"b\\\":\\\"x\\\"}"u8);
        sink.ToolArguments(0, ":1}"u8);
        sink.Finish(FinishReason.ToolCalls);
        sink.End();
    }

    private static void TellThinking(ChatSink sink)
    {
        sink.Reasoning("Hm, "u8);
        sink.Reasoning("yes."u8);
        sink.Signature("s+1"u8);
        sink.Signature("xx"u8, isSealed: true);
        sink.Text("Yes."u8);
        sink.Finish(FinishReason.Stop);
        sink.End();
    }

    private static List<JsonNode> Chunks(string request, Action<ChatSink> tell) => Chunks(Turns.Exchange(request), tell);

    private static List<JsonNode> Chunks(Exchange exchange, Action<ChatSink> tell)
    {
        var output = new ArrayBufferWriter<byte>();
        tell(new ChatChunkSink(TurnOf(exchange)) { Output = output });
        return Read(Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static List<JsonNode> Read(string stream)
    {
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
        return [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).SkipLast(1).Select(e => JsonNode.Parse(e["data: ".Length..])!)];
    }

    private static JsonNode Whole(Exchange exchange, Action<ChatSink> tell)
    {
        var output = new ArrayBufferWriter<byte>();
        tell(new ChatCompletionSink(TurnOf(exchange)) { Output = output });
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    private static ChatTurn TurnOf(Exchange exchange) => new(exchange, Turns.Target("openai"), exchange.ReadChat());
}
