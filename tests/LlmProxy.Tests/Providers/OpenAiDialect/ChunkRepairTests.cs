using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class ChunkRepairTests
{
    private const string Role = """{"id":"c1","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"mine":[1.50]}""";
    private const string Word = """{"id":"c1","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":"Hé"},"finish_reason":null}],"obfuscation":"ab"}""";
    private const string Stop = """{"id":"c1","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    private const string Usage = """{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6,"their_own":1}""";

    private static readonly AnswerIdentity Identity = new("0190-ab", "asked", 1_790_000_000);
    private static readonly OpenAiStreamOptions Asked = Streams.ClientAsked with { Identity = Identity };
    private static readonly OpenAiStreamOptions NotAsked = Streams.NobodyAsked with { Identity = Identity };

    [Fact]
    public void Stream_RightAsItIs_PassesEveryByte()
    {
        string stream = ": hi\n\nevent: x_vendor\ndata: {\"anything\":true}\n\n" + Streams.Data(Role, Word, Stop, Stop.Replace("""[{"index":0,"delta":{},"finish_reason":"stop"}]""", $"[],\"usage\":{Usage}", StringComparison.Ordinal), "[DONE]");
        Assert.Equal(stream, Streams.Chat(stream, Asked).Client);
    }

    [Fact]
    public void UsageBesideChoices_AskedFor_ComesOnALastChunkOfItsOwn()
    {
        string last = Stop[..^1] + $",\"usage\":{Usage}}}";
        Relayed relayed = Streams.Chat(Streams.Data(Role, Word, last, "[DONE]"), Asked);
        string own = $$"""{"id":"c1","object":"chat.completion.chunk","created":5,"model":"m","choices":[],"usage":{{Usage}}}""";
        Assert.Equal(Streams.Data(Role, Word, Stop[..^1] + ",\"usage\":null}", own, "[DONE]"), relayed.Client);
        Assert.Equal(6, relayed.Usage!.Value.Total);
    }

    [Fact]
    public void Usage_NotAskedFor_IsTakenOutWhereverItStands()
    {
        string last = Stop[..^1] + $",\"usage\":{Usage}}}";
        string own = Stop.Replace("""[{"index":0,"delta":{},"finish_reason":"stop"}]""", $"[],\"usage\":{Usage}", StringComparison.Ordinal);
        Assert.Equal(Streams.Data(Role, Word, Stop, "[DONE]"), Streams.Chat(Streams.Data(Role, Word, last, own, "[DONE]"), NotAsked).Client);
    }

    [Fact]
    public void FirstChunkWithoutHead_WaitsForTheNextAndTakesItsHead()
    {
        string azure = """{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}""";
        Relayed relayed = Streams.Chat(Streams.Data(azure, Role, Word, Stop, "[DONE]"), NotAsked);
        string mended = """{"choices":[],"created":5,"id":"c1","model":"m","object":"chat.completion.chunk","prompt_filter_results":[{"prompt_index":0}]}""";
        Assert.Equal(Streams.Data(mended, Role, Word, Stop, "[DONE]"), relayed.Client);
    }

    [Theory]
    [InlineData("""{"choices":[{"delta":{"content":"a"}}]}""")]
    [InlineData("""{"id":null,"object":"x","created":null,"model":null,"choices":[{"index":0,"delta":{"role":null,"content":"a","tool_calls":null,"function_call":null},"finish_reason":""}]}""")]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"id":"t","type":null,"function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":null}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":[{"type":"text","text":"a\n\"b\""}]}}]}""")]
    public void ChunksThatLackWhatTheSchemaWants_AreMendedInEveryChunk(string chunk)
    {
        Relayed relayed = Streams.Chat(Streams.Data(chunk, chunk.Replace("\"id\":\"t\"", "\"id\":null", StringComparison.Ordinal).Replace("\"name\":\"f\"", "\"name\":null", StringComparison.Ordinal), """{"choices":[{"delta":null,"finish_reason":"eos"}]}""", "[DONE]"), NotAsked);
        SeenAnswer seen = ChatAccumulator.Stream(ChatAccumulator.DataOf(relayed.Client), askedForUsage: false);
        Assert.Empty(seen.Problems);
        Assert.Equal("stop", seen.Finish);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":"a"}}]}""")]
    [InlineData("""{"id":"x","object":"chat.completion","created":3,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"function_call":null,"annotations":null,"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"end_turn"}],"usage":{"prompt_tokens":4,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":null}}""")]
    [InlineData("""{"id":"x","created":3,"model":"m","choices":[{"index":0,"message":{"tool_calls":null},"finish_reason":null}],"usage":null}""")]
    public void WholeAnswerThatLacksWhatTheSchemaWants_IsMended(string answer)
    {
        var client = new System.Buffers.ArrayBufferWriter<byte>();
        AnswerRepair.Write(System.Text.Encoding.UTF8.GetBytes(answer), Identity, client);
        Assert.Empty(ChatAccumulator.Whole(System.Text.Encoding.UTF8.GetString(client.WrittenSpan)).Problems);
    }

    [Fact]
    public void WholeAnswerThatIsRight_IsNotTouched()
    {
        var client = new System.Buffers.ArrayBufferWriter<byte>();
        AnswerRepair.Write("""{"id":"x","object":"chat.completion","created":3,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"logprobs":null,"finish_reason":"stop"}]}"""u8, Identity, client);
        Assert.Equal(0, client.WrittenCount);
    }
}
