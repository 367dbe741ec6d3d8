using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.TestKit;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Bedrock;

public sealed class BedrockStreamTests
{
    private const string Ask = """{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}""";

    private const string Everything = """
        {"messageStart":{"role":"assistant","p":"abc"}}
        {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Let me "}}}}
        {"contentBlockDelta":{"delta":{"reasoningContent":{"text":"see."}},"contentBlockIndex":0}}
        {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}}
        {"contentBlockStop":{"contentBlockIndex":0}}
        {"contentBlockDelta":{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"aGlk"}}}}
        {"contentBlockStop":{"contentBlockIndex":1}}
        {"contentBlockDelta":{"contentBlockIndex":2,"delta":{"text":"Gr\u00fc\u00dfe \"dir\"\n"}}}
        {"somethingNew":{"contentBlockIndex":2,"delta":{"text":"never told"}}}
        {"contentBlockDelta":{"contentBlockIndex":2,"delta":{"text":"schöne"},"new":[1,{"x":2}]}}
        {"contentBlockStop":{"contentBlockIndex":2}}
        {"contentBlockStart":{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t1","name":"weather"}}}}
        {"contentBlockDelta":{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{\"city\":"}}}}
        {"contentBlockDelta":{"contentBlockIndex":3,"delta":{"toolUse":{"input":" \"Köln\"}"}}}}
        {"contentBlockStop":{"contentBlockIndex":3}}
        {"contentBlockStart":{"contentBlockIndex":4,"start":{"toolUse":{"toolUseId":"t2","name":"now"}}}}
        {"contentBlockStop":{"contentBlockIndex":4}}
        {"messageStop":{"stopReason":"tool_use"}}
        {"metadata":{"usage":{"inputTokens":11,"outputTokens":22,"totalTokens":40,"cacheReadInputTokens":4,"cacheWriteInputTokens":3},"metrics":{"latencyMs":5},"serviceTier":{"type":"flex"}}}
        """;

    [Fact]
    public void Stream_EverythingAtOnce_IsToldTheSameHoweverItIsCut()
    {
        byte[] vendor = EventStreamWriter.FromLines(Everything);
        Told whole = Stream(vendor);
        Accumulated told = Accumulated.Of(whole.Text);

        Assert.True(whole.IsComplete);
        Assert.Null(whole.Failure);
        Assert.Equal(new TokenUsage(11, 4, 3, 22, 0), whole.Usage);
        Assert.Equal("Let me see.", told.Reasoning);
        Assert.Equal("Grüße \"dir\"\nschöne", told.Text);
        Assert.Equal("tool_calls", told.Finish);
        Assert.Equal(["t1 weather {\"city\": \"Köln\"}", "t2 now {}"], told.Calls);
        Assert.Contains("\"c2ln\"", whole.Text, StringComparison.Ordinal);
        Assert.Contains("\"aGlk\"", whole.Text, StringComparison.Ordinal);

        Assert.Equal(told, Accumulated.Of(Stream(vendor, Enumerable.Range(1, vendor.Length)).Text));
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            Assert.Equal(told, Accumulated.Of(Stream(vendor, Enumerable.Range(0, 30).Select(_ => random.Next(vendor.Length))).Text));
        }
    }

    [Fact]
    public void Stream_AgreesWithTheWholeAnswer()
    {
        const string Whole = """
            {"stopReason":"tool_use","output":{"message":{"role":"assistant","content":[
              {"reasoningContent":{"reasoningText":{"text":"Let me see.","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"aGlk"}},
              {"text":"Gr\u00fc\u00dfe \"dir\"\nschöne"},
              {"toolUse":{"toolUseId":"t1","name":"weather","input":{"city": "Köln"}}},{"toolUse":{"toolUseId":"t2","name":"now","input":{}}}]}},
             "usage":{"inputTokens":11,"outputTokens":22,"totalTokens":40,"cacheReadInputTokens":4,"cacheWriteInputTokens":3},"metrics":{"latencyMs":5}}
            """;
        Told stream = Stream(EventStreamWriter.FromLines(Everything));
        Told whole = Turns.Whole(Turns.Open("bedrock", """{"model":"m","messages":[{"role":"user","content":"hi"}]}"""), System.Text.Encoding.UTF8.GetBytes(Whole));

        Assert.Null(whole.Failure);
        Assert.Equal(Accumulated.Of(stream.Text), Accumulated.OfWhole(whole.Text));
        Assert.Equal(stream.Usage, whole.Usage);
    }

    [Theory]
    [InlineData("end_turn", "stop")]
    [InlineData("stop_sequence", "stop")]
    [InlineData("max_tokens", "length")]
    [InlineData("model_context_window_exceeded", "length")]
    [InlineData("guardrail_intervened", "content_filter")]
    [InlineData("content_filtered", "content_filter")]
    [InlineData("something_new", "stop")]
    public void Stream_StopReason_IsOpenAis(string stopReason, string finish) =>
        Assert.Equal(finish, Accumulated.Of(Stream(EventStreamWriter.FromLines("""
            {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"x"}}}
            """ + "\n{\"messageStop\":{\"stopReason\":\"" + stopReason + "\"}}")).Text).Finish);

    [Fact]
    public void Stream_MalformedToolUse_IsAFailure() => Assert.Equal(
        ErrorCode.InvalidProviderResponse,
        Stream(EventStreamWriter.FromLines("""{"messageStop":{"stopReason":"malformed_tool_use"}}""")).Failure!.Code);

    [Fact]
    public void Stream_WithoutMetadata_IsWhole()
    {
        Told told = Stream(EventStreamWriter.FromLines("""
            {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"x"}}}
            {"messageStop":{"stopReason":"end_turn"}}
            """));

        Assert.True(told.IsComplete);
        Assert.Null(told.Failure);
    }

    [Fact]
    public void Stream_CutAnywhere_IsNeverWholeAndNeverAnError()
    {
        byte[] vendor = EventStreamWriter.FromLines(Everything);
        byte[] end = EventStreamWriter.FromLines(Everything.Split('\n')[^2]);
        int finished = vendor.AsSpan().IndexOf(end) + end.Length;
        for (int length = 0; length < finished; length += 7)
        {
            Told told = Stream(vendor[..length]);
            Assert.False(told.IsComplete);
            Assert.Null(told.Failure);
        }
    }

    [Theory]
    [InlineData("throttlingException", nameof(ErrorCode.RateLimitExceeded))]
    [InlineData("modelStreamErrorException", nameof(ErrorCode.ProviderError))]
    [InlineData("internalServerException", nameof(ErrorCode.ProviderError))]
    [InlineData("serviceUnavailableException", nameof(ErrorCode.ProviderError))]
    [InlineData("validationException", nameof(ErrorCode.InvalidValue))]
    [InlineData("modelTimeoutException", nameof(ErrorCode.ProviderTimeout))]
    [InlineData("brandNewException", nameof(ErrorCode.ProviderError))]
    public void Stream_ExceptionInside_IsClassed(string name, string code)
    {
        Told told = Stream([
            .. EventStreamWriter.FromLines("""{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"x"}}}"""),
            .. EventStreamWriter.Exception(name, """{"message":"so it is"}""")]);

        Assert.Equal(code, told.Failure!.Code.ToString());
        Assert.Contains("so it is", told.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(code == nameof(ErrorCode.InvalidValue), told.Failure.IsFinal);
    }

    [Fact]
    public void Stream_ErrorMessage_IsAFailureToo()
    {
        Told told = Stream(EventStreamWriter.Error("InternalFailure", "it broke"));

        Assert.Equal(ErrorCode.ProviderError, told.Failure!.Code);
        Assert.Contains("it broke", told.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_ChangedByte_IsAnInvalidAnswer()
    {
        byte[] vendor = EventStreamWriter.FromLines(Everything);
        vendor[vendor.Length / 2] ^= 1;

        Told told = Stream(vendor);

        Assert.Equal(ErrorCode.InvalidProviderResponse, told.Failure!.Code);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("""{"contentBlockIndex":"one","delta":{"text":"x"}}""")]
    [InlineData("""{"contentBlockIndex":0,"delta":{"text":"x"}""")]
    public void Stream_PayloadThatIsNoEvent_IsAnInvalidAnswer(string payload) =>
        Assert.Equal(ErrorCode.InvalidProviderResponse, Stream(EventStreamWriter.Event("contentBlockDelta", payload)).Failure!.Code);

    [Fact]
    public void Stream_SeededJunk_NeverThrows()
    {
        byte[] vendor = EventStreamWriter.FromLines(Everything);
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            byte[] junk = [.. vendor];
            for (int i = random.Next(1, 20); i > 0; i--)
            {
                junk[random.Next(junk.Length)] = (byte)random.Next(256);
            }

            Assert.NotNull(Stream(junk, [random.Next(junk.Length)]));
        }
    }

    [Fact]
    public void Stream_SeededJunkUnderRightChecksums_NeverThrows()
    {
        string[] names = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "throttlingException"];
        string[] lines = [.. Everything.Split('\n').Select(line => JsonNode.Parse(line)!.AsObject().Single().Value!.ToJsonString())];
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            byte[] junk = [.. Enumerable.Range(0, 8).SelectMany(_ =>
            {
                char[] payload = lines[random.Next(lines.Length)].ToCharArray();
                payload[random.Next(payload.Length)] = "{}[]\",:x0"[random.Next(9)];
                return EventStreamWriter.Event(names[random.Next(names.Length)], new string(payload));
            })];

            Assert.NotNull(Stream(junk));
        }
    }

    [Fact]
    public void Stream_AnswerTool_IsUnwrappedPieceByPiece()
    {
        const string Json = """{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_object"}}""";
        Told told = Turns.Stream(Turns.Open("bedrock", Json, "us.anthropic.claude-sonnet-4-20250514-v1:0"), EventStreamWriter.FromLines("""
            {"contentBlockStart":{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t1","name":"answer_as_json"}}}}
            {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"a\""}}}}
            {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"toolUse":{"input":":1}"}}}}
            {"contentBlockStop":{"contentBlockIndex":0}}
            {"messageStop":{"stopReason":"tool_use"}}
            """));

        Accumulated answer = Accumulated.Of(told.Text);
        Assert.Equal("{\"a\":1}", answer.Text);
        Assert.Equal("stop", answer.Finish);
        Assert.Empty(answer.Calls);
    }

    private static Told Stream(byte[] vendor, IEnumerable<int>? cuts = null) => Turns.Stream(Turns.Open("bedrock", Ask), vendor, cuts);
}
