using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;
using LlmProxy.Tests.Wire;

namespace LlmProxy.Tests.Providers.Ollama;

public sealed class OllamaAnswerTests
{
    private const string Text = """
        {"model":"granite4:3b","created_at":"2026-02-03T10:00:00.1Z","message":{"role":"assistant","content":"Grüße, "},"done":false}
        {"model":"granite4:3b","created_at":"2026-02-03T10:00:00.2Z","message":{"role":"assistant","content":"\"Welt\" \ud83d\udc4b\n"},"done":false,"new_field":{"a":1}}

        {"status":"something new"}
        {"model":"granite4:3b","created_at":"2026-02-03T10:00:00.3Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":900,"prompt_eval_count":11,"eval_count":7}

        """;

    private const string Thoughtful = """
        {"model":"qwen3:4b","message":{"role":"assistant","content":"","thinking":"Two "},"done":false}
        {"model":"qwen3:4b","message":{"role":"assistant","content":"","thinking":"cities."},"done":false}
        {"model":"qwen3:4b","message":{"role":"assistant","content":"Looking."},"done":false}
        {"model":"qwen3:4b","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"weather","arguments":{"city":"Ulm","say":"a \"b\" \\ c"}}}]},"done":false}
        {"model":"qwen3:4b","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_b","function":{"index":1,"name":"weather","arguments":{"city":"Kyōto"}}}]},"done":false}
        {"model":"qwen3:4b","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":120,"eval_count":44}

        """;

    private const string Whole = """
        {"model":"qwen3:4b","message":{"role":"assistant","content":"Looking.","thinking":"Two cities.","tool_calls":[{"function":{"name":"weather","arguments":{"city":"Ulm","say":"a \"b\" \\ c"}}},{"id":"call_b","function":{"index":1,"name":"weather","arguments":{"city":"Kyōto"}}}]},"done":true,"done_reason":"stop","prompt_eval_count":120,"eval_count":44}
        """;

    [Fact]
    public void Stream_CutAnywhere_IsTheSame()
    {
        foreach (string stream in (string[])[Text, Thoughtful])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(stream);
            Exchange exchange = Turns.Exchange(Request(stream: true));
            string once = Neutral(Turns.Stream(Open(exchange), bytes).Text);
            foreach (int[] pieces in Cuts.Of(bytes.Length))
            {
                int at = 0;
                Told told = Turns.Stream(Open(exchange), bytes, [.. pieces.Select(piece => at += piece)]);
                Assert.Equal(once, Neutral(told.Text));
                Assert.True(told.IsComplete);
            }
        }
    }

    [Fact]
    public void Stream_OfText_BecomesChunks()
    {
        Told told = Turns.Stream(Open(Turns.Exchange(Request(stream: true))), Text);

        JsonNode[] chunks = Chunks(told.Text);
        Assert.Equal("Grüße, \"Welt\" 👋\n", string.Concat(chunks.Select(c => (string?)Delta(c)?["content"])));
        Assert.Equal("stop", (string?)chunks[^2]["choices"]![0]!["finish_reason"]);
        Assert.Equal(18, (int)chunks[^1]["usage"]!["total_tokens"]!);
        Assert.Equal(new TokenUsage(11, 0, 0, 7, 0), told.Usage);
        Assert.Equal("granite4:3b", told.Model);
        Assert.EndsWith("data: [DONE]\n\n", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void StreamAndWhole_SayTheSame()
    {
        Exchange exchange = Turns.Exchange(Request(stream: true));
        JsonNode[] chunks = Chunks(Turns.Stream(Open(exchange), Thoughtful).Text);
        JsonNode[] deltas = [.. chunks.Select(Delta).OfType<JsonNode>()];
        JsonNode message = JsonNode.Parse(Turns.Whole(Open(Turns.Exchange(Request(stream: false))), Encoding.UTF8.GetBytes(Whole)).Text)!["choices"]![0]!;

        Assert.Equal("tool_calls", (string?)message["finish_reason"]);
        message = message["message"]!;
        Assert.Equal(string.Concat(deltas.Select(d => (string?)d["content"])), (string?)message["content"]);
        Assert.Equal(string.Concat(deltas.Select(d => (string?)d["reasoning_content"])), (string?)message["reasoning_content"]);
        Assert.Equal("tool_calls", chunks.Select(c => (string?)c["choices"]!.AsArray().FirstOrDefault()?["finish_reason"]).Single(f => f is not null));
        for (int tool = 0; tool < 2; tool++)
        {
            JsonNode[] calls = [.. deltas.SelectMany(d => d["tool_calls"]?.AsArray() ?? []).Select(c => c!).Where(c => (int)c["index"]! == tool)];
            JsonNode expected = message["tool_calls"]![tool]!;
            Assert.Equal((string?)expected["function"]!["name"], (string?)calls[0]["function"]!["name"]);
            Assert.Equal((string?)expected["function"]!["arguments"], string.Concat(calls.Select(c => (string?)c["function"]!["arguments"])));
        }

        Assert.Equal("""{"city":"Ulm","say":"a \"b\" \\ c"}""", (string?)message["tool_calls"]![0]!["function"]!["arguments"]);
        Assert.NotEqual("", (string?)message["tool_calls"]![0]!["id"]);
        Assert.Equal("call_b", (string?)message["tool_calls"]![1]!["id"]);
    }

    [Theory]
    [InlineData("stop", "stop")]
    [InlineData("length", "length")]
    [InlineData("load", "stop")]
    [InlineData("something_new", "stop")]
    public void DoneReason_IsFinishReason(string done, string finish)
    {
        string body = $$"""{"model":"m","message":{"role":"assistant","content":"x"},"done":true,"done_reason":"{{done}}"}""";

        Told told = Turns.Whole(Open(Turns.Exchange(Request(stream: false))), Encoding.UTF8.GetBytes(body));

        Assert.Equal(finish, (string?)JsonNode.Parse(told.Text)!["choices"]![0]!["finish_reason"]);
        Assert.Null(told.Usage);
    }

    [Fact]
    public void Logprobs_GetTheMembersThatOpenAiDemands()
    {
        string body = """{"model":"m","message":{"role":"assistant","content":"Hi"},"logprobs":[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[{"token":"Yo","logprob":-2.5}]},{"token":"!","logprob":-0.3}],"done":true}""";

        Told told = Turns.Whole(Open(Turns.Exchange(Request(stream: false))), Encoding.UTF8.GetBytes(body));

        JsonNode expected = JsonNode.Parse("""[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[{"token":"Yo","logprob":-2.5,"bytes":null}]},{"token":"!","logprob":-0.3,"bytes":null,"top_logprobs":[]}]""")!;
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(told.Text)!["choices"]![0]!["logprobs"]!["content"]), told.Text);
    }

    [Fact]
    public void Stream_ThatStopsBeforeDone_IsNotWhole()
    {
        Told told = Turns.Stream(Open(Turns.Exchange(Request(stream: true))), Text[..(Text.IndexOf("\"done\":true", StringComparison.Ordinal))]);

        Assert.False(told.IsComplete);
        Assert.Null(told.Failure);
        Assert.DoesNotContain("[DONE]", told.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":"an error was encountered while running the model: CUDA error"}""", ErrorCode.ProviderError)]
    [InlineData("""{"error":"model 'zz' not found"}""", ErrorCode.ModelNotFound)]
    [InlineData("""{"error":"the input length exceeds the context length"}""", ErrorCode.ContextLengthExceeded)]
    [InlineData("<html>busy</html>", ErrorCode.InvalidProviderResponse)]
    [InlineData("[1]", ErrorCode.InvalidProviderResponse)]
    [InlineData("""{"message":{"content":"a"}} trailing""", ErrorCode.InvalidProviderResponse)]
    public void Line_ThatIsNone_FailsTheStreamByItsName(string line, object code)
    {
        Told told = Turns.Stream(Open(Turns.Exchange(Request(stream: true))), Text.Split('\n')[0] + "\n" + line + "\n");

        Assert.Equal(code, told.Failure?.Code);
        Assert.DoesNotContain("[DONE]", told.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("<html>")]
    [InlineData("""{"message":{"role":"assistant","content":"cut""")]
    [InlineData("""{"message":{"role":"assistant","content":"not done"}}""")]
    public void Whole_ThatIsNone_IsInvalid(string body)
    {
        Told told = Turns.Whole(Open(Turns.Exchange(Request(stream: false))), Encoding.UTF8.GetBytes(body));

        Assert.Equal(ErrorCode.InvalidProviderResponse, told.Failure?.Code);
    }

    [Fact]
    public void Junk_OfAnyKind_EndsInAnAnswerOrAFailure()
    {
        byte[] seed = Encoding.UTF8.GetBytes(Thoughtful + Text);
        for (int round = 0; round < 2000; round++)
        {
            var random = new Random(round);
            byte[] bytes = [.. seed];
            for (int i = 0; i < 1 + (round % 8); i++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Exchange exchange = Turns.Exchange(Request(stream: true));
            Told told = Turns.Stream(Open(exchange), bytes.AsSpan(0, random.Next(bytes.Length)), [random.Next(bytes.Length)]);
            Assert.True(told.Text.Length < bytes.Length * 20);
            _ = Turns.Whole(Open(Turns.Exchange(Request(stream: false))), bytes);
        }
    }

    private static VendorCall Open(Exchange exchange) => Turns.Target("ollama") is var target ? target.Deployment.Provider.Open(exchange, target, new AttemptFacts(1)) : null!;

    private static string Request(bool stream) => stream
        ? """{"model":"x","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}"""
        : """{"model":"x","messages":[{"role":"user","content":"Hi"}],"logprobs":true}""";

    private static JsonNode[] Chunks(string sse) =>
        [.. sse.Split("\n\n").Where(e => e.StartsWith("data: {", StringComparison.Ordinal)).Select(e => JsonNode.Parse(e["data: ".Length..])!)];

    private static JsonNode? Delta(JsonNode chunk) => chunk["choices"]!.AsArray().FirstOrDefault()?["delta"];

    private static string Neutral(string sse) => System.Text.RegularExpressions.Regex.Replace(sse, "\"created\":\\d+", "\"created\":0");
}
