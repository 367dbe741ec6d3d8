using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.OpenAi;

/// <summary>Text completions of vendors that only chat.</summary>
public sealed class CompletionsTests
{
    [Theory]
    [InlineData("\"Say \\\"hi\\\"\"")]
    [InlineData("[\"Say \\\"hi\\\"\"]")]
    public void Prompt_IsTheUsersMessage(string prompt)
    {
        ChatRequest request = Read($$"""{"prompt":{{prompt}},"max_tokens":16,"n":2,"stop":["a","b"],"user":"u","temperature":0,"best_of":1,"stream_options":{"include_usage":true} }""");

        Assert.Equal(("Say \"hi\"", ChatRole.User), (request.Messages[0].Parts[0].Text.ToString(), request.Messages[0].Role));
        Assert.Equal((16L, 2, true, "u"), (request.MaxTokens, request.Choices, request.WantsUsage, request.User.ToString()));
        Assert.Equal(["a", "b"], request.Stop.Select(s => s.ToString()));
        Assert.Equal(["max_tokens", "n", "stop", "user", "temperature", "stream_options"], request.Fields.Select(f => f.Name));
    }

    [Fact]
    public void Logprobs_AreAskedForInChatsTwoFields() =>
        Assert.Equal([("logprobs", "true"), ("top_logprobs", "3")], Read("""{"prompt":"x","logprobs":3}""").Fields.Select(f => (f.Name, Encoding.UTF8.GetString(f.Json.Span))));

    [Fact]
    public void WhatChatCannotSay_IsNamedAsDropped()
    {
        using VendorCall call = Turns.Open("vllm", """{"prompt":"def f(","suffix":"return x","best_of":3,"echo":true}""", endpoint: EndpointKind.Completions, change: llm => llm.Endpoints = ["chat"]);
        _ = Turns.Body(call);

        Assert.Equal("suffix, best_of", call.Dropped);
    }

    [Theory]
    [InlineData("""{"prompt":[1,2,3]}""", "prompt")]
    [InlineData("""{"prompt":[[1,2],[3]]}""", "prompt")]
    [InlineData("""{"prompt":["a","b"]}""", "prompt")]
    [InlineData("""{"prompt":"x","max_tokens":0}""", "max_tokens")]
    [InlineData("""{"prompt":"x","n":0}""", "n")]
    [InlineData("""{"prompt":"x","stop":[1]}""", "stop")]
    public void Mistake_NamesItsField(string body, string param)
    {
        VendorFailure failure = Assert.Throws<CallRefusedException>(() => Read(body)).Failure;

        Assert.Equal((ErrorCode.InvalidValue, param), (failure.Code, failure.Param));
    }

    [Fact]
    public void Whole_IsATextCompletion()
    {
        JsonNode answer = Whole("""{"prompt":"x"}""", TellText);

        Assert.StartsWith("cmpl-", answer["id"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(("text_completion", "model-1", 17), (answer["object"]!.ToString(), answer["model"]!.ToString(), (int)answer["usage"]!["total_tokens"]!));
        AssertJson("""[{"text":"Grüß \"dich\"","index":0,"logprobs":null,"finish_reason":"length"}]""", answer["choices"]!);
    }

    [Fact]
    public void Stream_AddsUpToTheWhole_WithUsageWhenAskedFor()
    {
        List<JsonNode> chunks = Chunks("""{"prompt":"x","stream":true,"stream_options":{"include_usage":true}}""", TellText);

        Assert.Equal("Grüß \"dich\"", string.Concat(chunks.SelectMany(c => c["choices"]!.AsArray()).Select(c => c!["text"])));
        Assert.Equal([null, null, "length"], chunks.SkipLast(1).Select(c => c["choices"]![0]!["finish_reason"]?.ToString()));
        Assert.All(chunks, c => Assert.Equal("text_completion", c["object"]!.ToString()));
        Assert.All(chunks.SkipLast(1), c => Assert.True(c.AsObject().ContainsKey("usage") && c["usage"] is null));
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(17, (int)chunks[^1]["usage"]!["total_tokens"]!);
    }

    [Fact]
    public void Stream_UsageNotAskedFor_HasNone() =>
        Assert.All(Chunks("""{"prompt":"x","stream":true}""", TellText), c => Assert.False(c.AsObject().ContainsKey("usage")));

    [Fact]
    public void Echo_PutsThePromptBeforeEachAnswer()
    {
        const string Request = """{"prompt":"a\n","echo":true,"stream":true}""";
        static void Tell(ChatSink sink)
        {
            sink.Choice = 1;
            sink.Text("two"u8);
            sink.Choice = 0;
            sink.Text("one"u8);
            sink.Finish(FinishReason.Stop);
            sink.Choice = 1;
            sink.Finish(FinishReason.ToolCalls);
            sink.End();
        }

        JsonNode whole = Whole(Request, Tell);
        List<JsonNode> chunks = Chunks(Request, Tell);

        string[] streamed = ["", ""];
        foreach (JsonNode choice in chunks.Select(c => c["choices"]![0]!))
        {
            streamed[(int)choice["index"]!] += choice["text"];
        }

        Assert.Equal(["a\none", "a\ntwo"], streamed);
        Assert.Equal(streamed, whole["choices"]!.AsArray().Select(c => c!["text"]!.ToString()));
        Assert.Equal(["stop", "stop"], whole["choices"]!.AsArray().Select(c => c!["finish_reason"]!.ToString()));
    }

    [Fact]
    public void Logprobs_AreArraysSideBySide()
    {
        static void Tell(ChatSink sink)
        {
            sink.Logprobs("""{"token":"é","logprob":-0.5,"bytes":[195,169],"top_logprobs":[{"token":"é","logprob":-0.5},{"token":"e","logprob":-1.5}]}"""u8);
            sink.Text("é"u8);
            sink.Logprobs("""{"token":"!","logprob":-1,"bytes":null,"top_logprobs":[]}"""u8);
            sink.Text("!"u8);
            sink.Finish(FinishReason.Stop);
            sink.End();
        }

        List<JsonNode> chunks = Chunks("""{"prompt":"x","logprobs":2,"stream":true}""", Tell);

        AssertJson("""{"tokens":["é","!"],"token_logprobs":[-0.5,-1],"top_logprobs":[{"é":-0.5,"e":-1.5},{}],"text_offset":[0,1]}""", Whole("""{"prompt":"x","logprobs":2}""", Tell)["choices"]![0]!["logprobs"]!);
        AssertJson("""{"tokens":["!"],"token_logprobs":[-1],"top_logprobs":[{}],"text_offset":[1]}""", chunks[1]["choices"]![0]!["logprobs"]!);
        Assert.Null(chunks[2]["choices"]![0]!["logprobs"]);
    }

    [Fact]
    public void Metadata_Wished_IsOnTheLastChunk()
    {
        List<JsonNode> chunks = Chunks("""{"prompt":"x","stream":true,"llm":{"metadata":true}}""", TellText);

        Assert.All(chunks.SkipLast(1), c => Assert.False(c.AsObject().ContainsKey("llm")));
        Assert.Equal(5, (int)chunks[^1]["llm"]!["usage"]!["output_tokens"]!);
    }

    [Fact]
    public void Metadata_Wished_HoldsNoTextBack()
    {
        List<JsonNode> chunks = Chunks("""{"prompt":"x","stream":true,"llm":{"metadata":true}}""", sink =>
        {
            sink.Text("x"u8);
            Assert.Contains("\"text\":\"x\"", Encoding.UTF8.GetString(((ArrayBufferWriter<byte>)sink.Output).WrittenSpan), StringComparison.Ordinal);
            sink.End(); // Without a finish there is no chunk that could carry it.
        });

        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.NotNull(chunks[^1]["llm"]);
    }

    private static void TellText(ChatSink sink)
    {
        sink.Begin("answer-1", "model-1");
        sink.Reasoning("Hm."u8);
        sink.Text("Grüß "u8);
        sink.Text("\\\"dich\\\""u8);
        sink.SetUsage(new TokenUsage(8, 3, 1, 5, 2));
        sink.Finish(FinishReason.Length);
        sink.End();
    }

    private static ChatRequest Read(string body) => Turns.Exchange(body, EndpointKind.Completions).ReadChat();

    private static ChatTurn Turn(string body)
    {
        Exchange exchange = Turns.Exchange(body, EndpointKind.Completions);
        return new ChatTurn(exchange, Turns.Target("openai"), exchange.ReadChat());
    }

    private static JsonNode Whole(string body, Action<ChatSink> tell)
    {
        var output = new ArrayBufferWriter<byte>();
        ChatSink sink = new CompletionsFront().OpenWhole(Turn(body));
        sink.Output = output;
        tell(sink);
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    private static List<JsonNode> Chunks(string body, Action<ChatSink> tell)
    {
        var output = new ArrayBufferWriter<byte>();
        ChatSink sink = new CompletionsFront().OpenStream(Turn(body));
        sink.Output = output;
        tell(sink);
        string stream = Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
        return [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).SkipLast(1).Select(e => JsonNode.Parse(e["data: ".Length..])!)];
    }

    private static void AssertJson(string expected, JsonNode actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual.ToJsonString());
}
