using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class ChunkStreamTests
{
    private const string Role = """{"id":"c1","object":"chat.completion.chunk","model":"m-2024","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}""";
    private const string Hello = """{"id":"c1","model":"m-2024","choices":[{"index":0,"delta":{"content":"Héllo 世界"},"logprobs":null,"finish_reason":null}]}""";
    private const string Stop = """{"id":"c1","model":"m-2024","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}""";
    private const string UsageOnly = """{"id":"c1","model":"m-2024","choices":[],"usage":{"prompt_tokens":14,"completion_tokens":30,"total_tokens":44,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":20}}}""";

    [Fact]
    public void Translate_OpenAiStream_PassesEveryByteAndLearnsTheRest()
    {
        string stream = Streams.Data(Role, Hello, Stop, UsageOnly, "[DONE]");
        Relayed relayed = Streams.Chat(stream, Streams.ClientAsked);
        Assert.Equal(stream, relayed.Client);
        Assert.Equal("P PO POF P PE", relayed.Verdicts);
        Assert.Equal(new TokenUsage(10, 4, 0, 30, 20), relayed.Usage);
        Assert.Equal("m-2024", relayed.Model);
        Assert.True(relayed.IsComplete);
        Assert.Null(relayed.Failure);
    }

    [Fact]
    public void Translate_OnlyWeAskedForUsage_LeavesNoTraceOfIt()
    {
        string[] asked = [Nulled(Role), Nulled(Hello), Nulled(Stop), UsageOnly];
        Relayed relayed = Streams.Chat(Streams.Data(asked) + ": bye\n\n" + Streams.Data("[DONE]"), Streams.OnlyWeAsked);
        Assert.Equal(Streams.Data(Role, Hello, Stop) + ": bye\n\n" + Streams.Data("[DONE]"), relayed.Client);
        Assert.Equal(new TokenUsage(10, 4, 0, 30, 20), relayed.Usage);

        static string Nulled(string chunk) => chunk[..^1] + ",\"usage\":null}";
    }

    [Theory]
    [InlineData("""{"usage":null,"choices":[{"delta":{"content":"a"},"finish_reason":null}]}""", """{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"a"}}], "usage" : null , "obfuscation":"x}]"}""", """{"choices":[{"delta":{"content":"a"}}] , "obfuscation":"x}]"}""")]
    [InlineData("""{"choices":[{"delta":{"content":"\"usage\":null"},"usage":null}],"x":1}""", """{"choices":[{"delta":{"content":"\"usage\":null"},"usage":null}],"x":1}""")]
    [InlineData("""{"choices":[{"delta":{"content":"a"},"usage":null}],"usage":null}""", """{"choices":[{"delta":{"content":"a"},"usage":null}]}""")]
    public void Translate_UsageNull_IsCutAtTheTopLevelOnly(string chunk, string expected)
    {
        // Once as the first chunk, which is read whole, and once after output, where it is found by searching.
        Relayed relayed = Streams.Chat(Streams.Data(chunk, Hello, chunk), Streams.OnlyWeAsked);
        Assert.Equal(Streams.Data(expected, Hello, expected), relayed.Client);
        Assert.Equal(Streams.Data(chunk, Hello, chunk), Streams.Chat(Streams.Data(chunk, Hello, chunk), Streams.ClientAsked).Client);
        Assert.Equal(Streams.Data(chunk, Hello, chunk), Streams.Chat(Streams.Data(chunk, Hello, chunk), Streams.NobodyAsked).Client);
    }

    [Fact]
    public void Translate_CutInAnEventOfManyLines_KeepsTheOthers()
    {
        Relayed relayed = Streams.Chat($"id: 7\r\ndata: {Hello[..^1]},\"usage\":null}}\r\nretry: 3\r\n\r\n", Streams.OnlyWeAsked);
        Assert.Equal($"id: 7\r\ndata: {Hello}\r\nretry: 3\r\n\r\n", relayed.Client);
        relayed = Streams.Chat("event: e\ndata: {\"choices\":[],\ndata: \"usage\":null}\n\n", Streams.OnlyWeAsked);
        Assert.Equal("event: e\ndata: {\"choices\":[]}\n\n", relayed.Client);
    }

    [Fact]
    public void Translate_UsageOnTheLastChunk_IsReadAndStays()
    {
        string last = """{"model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":6,"completion_tokens":212,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":2}}""";
        Relayed relayed = Streams.Chat(Streams.Data(Hello, last, "[DONE]"), Streams.OnlyWeAsked);
        Assert.Equal(Streams.Data(Hello, last, "[DONE]"), relayed.Client);
        Assert.Equal("PO POF PE", relayed.Verdicts);
        Assert.Equal(new TokenUsage(2, 4, 0, 212, 0), relayed.Usage);
    }

    [Fact]
    public void Translate_GroqTellsUsageInItsOwnMember_IsRead()
    {
        string last = """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"queue_time":0.1,"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}}""";
        Assert.Equal(new TokenUsage(5, 0, 0, 7, 0), Streams.Chat(Streams.Data(Hello, last)).Usage);
    }

    [Theory]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"choices":[],"created":0,"id":"","model":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"error":{"code":"x"}}}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"","tool_calls":[],"refusal":null},"finish_reason":null}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":null,"finish_reason":"","content_filter_offsets":{"end_offset":1}}]}""")]
    [InlineData("""{"type":"ping"}""")]
    [InlineData("processing")]
    public void Translate_NothingSaidYet_IsNotOutput(string data)
    {
        Relayed relayed = Streams.Chat(Streams.Data(data));
        Assert.Equal("P", relayed.Verdicts);
        Assert.Equal(Streams.Data(data), relayed.Client);
        Assert.False(relayed.IsComplete);
    }

    [Theory]
    [InlineData("\"content\":\"a\"")]
    [InlineData("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"So\"}]}]")]
    [InlineData("\"role\":\"assistant\",\"content\":\"\",\"reasoning\":\"We\"")]
    [InlineData("\"content\":null,\"reasoning_content\":\"H\"")]
    [InlineData("\"reasoning_text\":\"H\"")]
    [InlineData("\"thinking\":\"H\"")]
    [InlineData("\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]")]
    [InlineData("\"function_call\":{\"name\":\"f\"}")]
    [InlineData("\"refusal\":\"No\"")]
    [InlineData("\"audio\":{\"id\":\"a\",\"transcript\":\"x\"}")]
    public void Translate_AnythingSaid_IsOutput(string delta)
    {
        string chunk = $"{{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":null}}]}}";
        Assert.Equal("P PO", Streams.Chat(Streams.Data(Role, chunk)).Verdicts);
    }

    [Fact]
    public void Translate_EmptyAnswerWithAFinishReason_IsOutputAndComplete()
    {
        Relayed relayed = Streams.Chat(Streams.Data(Role, Stop));
        Assert.Equal("P POF", relayed.Verdicts);
        Assert.True(relayed.IsComplete);
    }

    [Fact]
    public void Translate_LegacyCompletion_IsTheSameWithText()
    {
        string first = """{"object":"text_completion","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":null}],"model":"davinci-002"}""";
        string last = """{"object":"text_completion","choices":[{"text":" the","index":0,"logprobs":null,"finish_reason":"length"}],"model":"davinci-002"}""";
        Relayed relayed = Streams.Chat(Streams.Data(first, first.Replace("\"text\":\"\"", "\"text\":\" a\"", StringComparison.Ordinal), last, "[DONE]"));
        Assert.Equal("P PO POF PE", relayed.Verdicts);
        Assert.Equal("davinci-002", relayed.Model);
    }

    [Fact]
    public void Translate_SecondOfTwoChoicesFinishes_IsSeenBehindTheFirst()
    {
        string chunk = """{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null},{"index":1,"delta":{},"finish_reason":"stop"}]}""";
        Assert.Equal("PO POF", Streams.Chat(Streams.Data(Hello, chunk)).Verdicts);
    }

    [Theory]
    [InlineData("event: error\ndata: {\"message\":\"overloaded\"}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("event: error\ndata: plain words\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"error\":\"model crashed\"}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"error\" : {\"message\":\"slow down\",\"code\":429}}\n\n", nameof(ErrorCode.RateLimitExceeded))]
    [InlineData("data: {\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}\n\n", nameof(ErrorCode.InvalidValue))]
    [InlineData("data: {\"object\" : \"error\",\"message\":\"gone\",\"type\":\"InternalServerError\",\"code\":500}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"id\":\"g\",\"provider\":\"X\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"disconnected\"}}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("event: error\ndata: {\"error\":{\"message\":\"Tool call validation failed\",\"type\":\"invalid_request_error\",\"code\":\"tool_use_failed\",\"status_code\":400}}\n\n", nameof(ErrorCode.InvalidValue))]
    [InlineData("data: {\"error\":{\"message\":\"You exceeded\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}\n\n", nameof(ErrorCode.ProviderQuotaExhausted))]
    public void Translate_ErrorFirstOrLater_IsAFailureAndNothingOfItPasses(string error, string expected)
    {
        Relayed first = Streams.Chat(error, Streams.OnlyWeAsked);
        Assert.Equal("X", first.Verdicts);
        Assert.Equal("", first.Client);
        Assert.Equal(expected, first.Failure!.Code.ToString());
        Relayed later = Streams.Chat(Streams.Data(Hello) + error);
        Assert.Equal("PO X", later.Verdicts);
        Assert.Equal(Streams.Data(Hello), later.Client);
        Assert.Equal(expected, later.Failure!.Code.ToString());
        Assert.False(later.IsComplete);
    }

    [Theory]
    [InlineData("""{"error":null,"choices":[{"delta":{"content":"a"}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"error"},"content_filter_results":{"error":{"code":"content_filter_error","message":"m"}}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"{\"error\":{\"message\":1}}, \"finish_reason\":\"stop\""}}],"error":""}""")]
    public void Translate_ErrorElsewhere_IsNotAFailure(string chunk)
    {
        Relayed relayed = Streams.Chat(Streams.Data(chunk, chunk));
        Assert.Null(relayed.Failure);
        Assert.Equal(Streams.Data(chunk, chunk), relayed.Client);
        Assert.False(relayed.IsComplete);
    }

    [Fact]
    public void Translate_CommentsUnknownEventsAndFields_PassUntouched()
    {
        string stream = ": OPENROUTER PROCESSING\n\nevent: ping\ndata: {}\n\nretry: 100\n\n\n"
            + "data: {\"new\":{\"deep\":[1.50,\"\\u00e9\"]},\"choices\":[{\"delta\":{\"content\":\"a\"},\"x\":NaN}]}\r\n\r\n" + Streams.Data(Hello, "[DONE]") + ": end\n";
        Relayed relayed = Streams.Chat(stream, Streams.OnlyWeAsked);
        Assert.Equal(stream[..^6], relayed.Client); // The comment at the very end never got its blank line.
        Assert.True(relayed.IsComplete);
    }

    [Theory]
    [InlineData("data: [DONE]", "data: [DONE]\n\n", true)]
    [InlineData("data: [DONE]\r\n", "data: [DONE]\r\n\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}", "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"x", "", false)]
    [InlineData("data: [DO", "", false)]
    [InlineData(": half a com", "", false)]
    public void Translate_LastEventWithoutItsBlankLine_IsCompletedOrDropped(string tail, string expected, bool isComplete)
    {
        Relayed relayed = Streams.Chat(Streams.Data(Hello) + tail);
        Assert.Equal(Streams.Data(Hello) + expected, relayed.Client);
        Assert.Equal(isComplete, relayed.IsComplete);
    }

    [Fact]
    public void Translate_UsageInEveryChunk_KeepsTheLastAndIsNotErasedByZeros()
    {
        static string Chunk(int prompt, int completion) =>
            $"{{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion}}}}}";
        Assert.Equal(new TokenUsage(9, 0, 0, 2, 0), Streams.Chat(Streams.Data(Chunk(9, 1), Chunk(9, 2), Chunk(0, 0))).Usage);
    }
}
