using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

/// <summary>What answers of OpenAI's dialect say, told to a client through the translation.</summary>
public sealed class OpenAiChatStreamTests
{
    private const string Request = """{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}""";

    [Fact]
    public void Stream_OfTextWithUsageBehindIt_IsToldWhole()
    {
        JsonNode answer = Streamed(
            """{"id":"","model":"","object":"","choices":[],"prompt_filter_results":[]}""",
            """{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null,"index":0}],"id":"c1","model":"m1"}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"content":"Say \"h\u00e9\" "}}],"usage":null}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"content":"now"},"finish_reason":null}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
            """{"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}""",
            "[DONE]");

        Assert.Equal("Say \"h\u00e9\" now", (string)answer["content"]!);
        Assert.Equal("stop", (string)answer["finish"]!);
        Assert.Equal(9, (int)answer["usage"]!["prompt_tokens"]!);
        Assert.Equal("m1", (string)answer["model"]!);
    }

    [Fact]
    public void Stream_WithParallelCalls_KeepsThemApart()
    {
        JsonNode answer = Streamed(
            """{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""",
            "[DONE]");

        Assert.Equal("""[["a","f","{\u0022x\u0022:1}"],["b","g","{}"]]""", answer["tools"]!.ToJsonString());
        Assert.Equal("tool_calls", (string)answer["finish"]!);
    }

    [Theory]
    [InlineData("""{"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"id":"b","function":{"name":"f","arguments":"{}"}}""")] // No index.
    [InlineData("""{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}""")] // Always 0.
    [InlineData("""{"function":{"name":"f","arguments":{}}}""", """{"function":{"name":"f","arguments":{}}}""")] // Neither index nor id.
    public void Stream_WithWholeCallsAndBadNumbers_KeepsThemApart(string first, string second)
    {
        foreach (string chunks in (string[])[$"{first},{second}", first + "|" + second])
        {
            string[] deltas = [.. chunks.Split('|').Select(calls => $$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{{{calls}}}]}}]}""")];
            JsonNode answer = Streamed([.. deltas, """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""", "[DONE]"]);

            Assert.Equal(2, answer["tools"]!.AsArray().Count);
            Assert.All(answer["tools"]!.AsArray(), tool => Assert.Equal("{}", (string)tool![2]!));
            Assert.Equal("tool_calls", (string)answer["finish"]!);
        }
    }

    [Fact]
    public void Stream_ThatRepeatsTheId_IsOneCall()
    {
        JsonNode answer = Streamed(
            """{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]},"index":0}]}""",
            """{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}]},"index":0}]}""",
            """{"choices":[{"delta":{"tool_calls":[{"id":"","function":{"arguments":" "}}]},"index":0,"finish_reason":"tool_calls"}]}""",
            "[DONE]");

        Assert.Equal("""[["a","f","{} "]]""", answer["tools"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"reasoning_content":"Hm"}""")]
    [InlineData("""{"reasoning":"Hm"}""")]
    [InlineData("""{"reasoning":"Hm","reasoning_content":"Hm"}""")]
    [InlineData("""{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}""")]
    public void Stream_OfReasoningUnderAnyName_IsReasoning(string delta)
    {
        JsonNode answer = Streamed(
            $$"""{"choices":[{"index":0,"delta":{{delta}}}]}""",
            """{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"So."}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}""");

        Assert.Equal(("Hm", "So."), ((string)answer["reasoning"]!, (string)answer["content"]!));
        Assert.Equal(2, (int)answer["usage"]!["completion_tokens"]!);
    }

    [Theory]
    [InlineData("length", "length")]
    [InlineData("model_length", "length")]
    [InlineData("content_filter", "content_filter")]
    [InlineData("eos", "stop")]
    public void Stream_ThatFinishes_SaysWhy(string reason, string told)
    {
        JsonNode answer = Streamed("""{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":""}]}""", $$"""{"choices":[{"index":0,"delta":{},"finish_reason":"{{reason}}"}]}""", "[DONE]");

        Assert.Equal(told, (string)answer["finish"]!);
    }

    [Fact]
    public void Stream_OfSeveralChoices_IsToldByChoice()
    {
        Told told = Tell(Request.Replace("\"stream\":true", "\"stream\":true,\"n\":2", StringComparison.Ordinal),
            """{"choices":[{"delta":{"content":"a"},"index":0},{"delta":{"content":"b"},"index":1}]}""",
            """{"choices":[{"delta":{},"finish_reason":"stop","index":1}]}""",
            """{"choices":[{"delta":{},"finish_reason":"stop","index":0}]}""");

        Assert.True(told.IsComplete);
        Assert.Equal("b", (string)Chunks(told).First(c => (int?)c["choices"]?[0]?["index"] == 1)["choices"]![0]!["delta"]!["content"]!);
    }

    [Fact]
    public void Stream_CutBeforeItsFinish_IsNotWhole()
    {
        Told told = Tell(Request, """{"choices":[{"index":0,"delta":{"content":"x"}}]}""");

        Assert.False(told.IsComplete);
        Assert.DoesNotContain("[DONE]", told.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\",\"code\":503}}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("event: error\ndata: {\"error\":{\"message\":\"bad tool\",\"type\":\"invalid_request_error\",\"status_code\":400}}\n\n", nameof(ErrorCode.InvalidValue))]
    [InlineData("data: {\"object\":\"error\",\"message\":\"boom\",\"code\":500}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\",\"error\":{\"message\":\"upstream\",\"code\":502}}]}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: not json\n\n", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("data: [1]\n\n", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("data: {\"choices\":[{\"index\":4000000,\"delta\":{}}]}\n\n", nameof(ErrorCode.InvalidProviderResponse))]
    public void Stream_WithAnErrorInside_FailsByItsCode(string frame, string code)
    {
        using VendorCall call = OpenAiChatVendorTests.Foreign("custom", Request);
        Told told = Turns.Stream(call, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n" + frame);

        Assert.Equal(code, told.Failure!.Code.ToString());
    }

    [Fact]
    public void Stream_CutAnywhere_SaysTheSame()
    {
        string vendor = Sse(
            """{"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Grüße 👋"}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"ü\":1}"}}]},"finish_reason":"tool_calls"}],"unknown":{"deep":[1]}}""",
            "[DONE]");
        byte[] bytes = Encoding.UTF8.GetBytes(vendor);
        using VendorCall whole = OpenAiChatVendorTests.Foreign("custom", Request);
        string expected = Stable(Turns.Stream(whole, bytes));
        using VendorCall single = OpenAiChatVendorTests.Foreign("custom", Request);

        Assert.Equal(expected, Stable(Turns.Stream(single, bytes, Enumerable.Range(1, bytes.Length))));

        static string Stable(Told told) => System.Text.RegularExpressions.Regex.Replace(told.Text, "\"created\":[0-9]+", "");
    }

    [Fact]
    public void Whole_Completion_IsToldWithAllItHolds()
    {
        using VendorCall call = OpenAiChatVendorTests.Foreign("custom", """{"messages":[{"role":"user","content":"x"}]}""");
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes("""
            {"id":"c9","object":"chat.completion","model":"m2","service_tier":"default","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","reasoning":"Hm","refusal":null,
              "annotations":[{"type":"url_citation"}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{\"x\":1}"}}]},
              "logprobs":{"content":[{"token":"Hi","logprob":-0.1}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":6,"completion_tokens_details":{"reasoning_tokens":2}}}
            """));
        JsonNode choice = JsonNode.Parse(told.Text)!["choices"]![0]!;

        Assert.Equal(("Hi", "Hm", "tool_calls"), ((string)choice["message"]!["content"]!, (string)choice["message"]!["reasoning_content"]!, (string)choice["finish_reason"]!));
        Assert.Equal(["f", "g"], choice["message"]!["tool_calls"]!.AsArray().Select(c => (string)c!["function"]!["name"]!));
        Assert.Equal("url_citation", (string)choice["message"]!["annotations"]![0]!["type"]!);
        Assert.Equal("Hi", (string)choice["logprobs"]!["content"]![0]!["token"]!);
        Assert.Equal(new TokenUsage(5, 0, 0, 6, 2), told.Usage);
        Assert.Equal("m2", told.Model);
    }

    [Theory]
    [InlineData("<html>", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("{}", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("[]", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"x\"", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("{\"error\":{\"message\":\"Insufficient Balance\",\"code\":402}}", nameof(ErrorCode.ProviderQuotaExhausted))]
    public void Whole_ThatIsNoCompletion_Fails(string body, string code)
    {
        using VendorCall call = OpenAiChatVendorTests.Foreign("custom", """{"messages":[{"role":"user","content":"x"}]}""");

        Assert.Equal(code, Turns.Whole(call, Encoding.UTF8.GetBytes(body)).Failure!.Code.ToString());
    }

    internal static string Sse(params string[] data) => string.Concat(data.Select(d => $"data: {d}\n\n"));

    private static Told Tell(string request, params string[] data)
    {
        using VendorCall call = OpenAiChatVendorTests.Foreign("custom", request);
        return Turns.Stream(call, Sse(data));
    }

    private static List<JsonNode> Chunks(Told told) =>
        [.. told.Text.Split("\n\n").Where(f => f.StartsWith("data: {", StringComparison.Ordinal)).Select(f => JsonNode.Parse(f[6..])!)];

    private static JsonObject Streamed(params string[] data)
    {
        Told told = Tell(Request, data);
        Assert.Null(told.Failure);
        Assert.EndsWith("data: [DONE]\n\n", told.Text, StringComparison.Ordinal);
        var answer = new JsonObject { ["content"] = "", ["reasoning"] = "" };
        var tools = new JsonArray();
        foreach (JsonNode chunk in Chunks(told))
        {
            answer["usage"] = chunk["usage"]?.DeepClone();
            answer["model"] = chunk["model"]?.DeepClone();
            JsonNode? choice = chunk["choices"]!.AsArray().FirstOrDefault();
            answer["content"] = (string)answer["content"]! + (string?)choice?["delta"]?["content"];
            answer["reasoning"] = (string)answer["reasoning"]! + (string?)choice?["delta"]?["reasoning_content"];
            answer["finish"] = choice?["finish_reason"]?.DeepClone() ?? answer["finish"]?.DeepClone();
            foreach (JsonNode? call in choice?["delta"]?["tool_calls"]?.AsArray() ?? [])
            {
                int index = (int)call!["index"]!;
                while (tools.Count <= index)
                {
                    tools.Add(new JsonArray((string?)call["id"], (string?)call["function"]!["name"], ""));
                }

                tools[index]![2] = (string)tools[index]![2]! + (string?)call["function"]!["arguments"];
            }
        }

        answer["tools"] = tools;
        return answer;
    }
}
