using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicStreamTests
{
    private static readonly string Rich = Claude.Events(
        Claude.Start(input: 30, cacheRead: 200, cacheWrite: 10),
        Claude.Block(0, """{"type":"thinking","thinking":"","signature":""}"""),
        Claude.Ping,
        Claude.Delta(0, """{"type":"thinking_delta","thinking":"Let \"me\" see… 🌦"}"""),
        Claude.Delta(0, """{"type":"signature_delta","signature":"c2lnbmVk"}"""),
        Claude.Stop(0),
        Claude.Block(1, """{"type":"redacted_thinking","data":"c2VhbGVk"}"""),
        Claude.Stop(1),
        Claude.Block(2, """{"type":"text","text":""}"""),
        Claude.Text(2, "Grüße\\n"),
        """{"type":"tomorrows_event","index":2,"delta":{"text":"unheard"}}""",
        Claude.Text(2, "\\u00e9\\ud83d\\ude00"),
        Claude.Delta(2, """{"type":"citations_delta","citation":{"type":"char_location","cited_text":"x","document_index":0}}"""),
        Claude.Delta(2, """{"type":"tomorrows_delta","thing":[1,{"text":"y"}]}"""),
        Claude.Stop(2),
        Claude.Block(3, """{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"""),
        Claude.Delta(3, """{"type":"input_json_delta","partial_json":"{\"query\":\"x\"}"}"""),
        Claude.Stop(3),
        Claude.Block(4, """{"type":"tool_use","id":"toolu_a","name":"weather","input":{}}"""),
        Claude.Delta(4, """{"type":"input_json_delta","partial_json":""}"""),
        Claude.Delta(4, """{"type":"input_json_delta","partial_json":"{\"city\": \"Å"}"""),
        Claude.Delta(4, """{"type":"input_json_delta","partial_json":"s\"}"}"""),
        Claude.Stop(4),
        Claude.Block(5, """{"type":"tool_use","id":"toolu_b","name":"clock","input":{}}"""),
        Claude.Stop(5),
        """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":31,"cache_read_input_tokens":200,"output_tokens":60,"output_tokens_details":{"thinking_tokens":25},"server_tool_use":{"web_search_requests":1}}}""",
        Claude.Over);

    private const string RichWhole = """
        {"model":"claude-told","id":"msg_test1","type":"message","role":"assistant","content":[
          {"type":"thinking","thinking":"Let \"me\" see… 🌦","signature":"c2lnbmVk"},{"type":"redacted_thinking","data":"c2VhbGVk"},
          {"type":"text","text":"Grüße\n\u00e9\ud83d\ude00","citations":[{"type":"char_location","cited_text":"x","document_index":0}]},
          {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},
          {"type":"tool_use","id":"toolu_a","name":"weather","input":{"city": "Ås"}},{"type":"tool_use","id":"toolu_b","name":"clock","input":{}}],
         "stop_reason":"tool_use","stop_sequence":null,
         "usage":{"input_tokens":31,"cache_creation_input_tokens":10,"cache_read_input_tokens":200,"output_tokens":60,"output_tokens_details":{"thinking_tokens":25}}}
        """;

    private static readonly TokenUsage RichUsage = new(31, 200, 10, 60, 25);

    [Fact]
    public void Stream_Rich_IsToldCompletely()
    {
        Told told = Turns.Stream(Claude.Chat(true), Rich);
        Assert.True(told.IsComplete);
        Assert.Null(told.Failure);
        Assert.Equal(RichUsage, told.Usage);
        Assert.Equal("claude-told", told.Model);
        JsonObject message = Claude.Accumulated(told.Text);
        Assert.Equal("Grüße\né😀", message["content"]!.GetValue<string>());
        Assert.Equal("Let \"me\" see… 🌦", message["reasoning_content"]!.GetValue<string>());
        Assert.Equal("tool_calls", message["finish_reason"]!.GetValue<string>());
        AnthropicMessagesTests.AssertJson("""
            [{"type":"thinking","thinking":"Let \"me\" see… 🌦","signature":"c2lnbmVk"},{"type":"redacted_thinking","data":"c2VhbGVk"}]
            """, message["thinking_blocks"]);
        AnthropicMessagesTests.AssertJson("""
            [{"id":"toolu_a","name":"weather","arguments":"{\"city\": \"Ås\"}"},{"id":"toolu_b","name":"clock","arguments":"{}"}]
            """, message["tool_calls"]);
        AnthropicMessagesTests.AssertJson("""[{"type":"char_location","cited_text":"x","document_index":0}]""", message["citations"]);
        Assert.Equal(241, message["usage"]!["prompt_tokens"]!.GetValue<int>());
        Assert.Equal(200, message["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>());
        Assert.Equal(25, message["usage"]!["completion_tokens_details"]!["reasoning_tokens"]!.GetValue<int>());
        Assert.EndsWith("data: [DONE]\n\n", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_CutAnywhere_IsToldTheSame()
    {
        byte[] vendor = Encoding.UTF8.GetBytes(Rich);
        string expected = Unstamped(Turns.Stream(Claude.Chat(true), vendor).Text);
        Assert.Equal(expected, Unstamped(Turns.Stream(Claude.Chat(true), vendor, Enumerable.Range(0, vendor.Length)).Text));
        Assert.Equal(expected, Unstamped(Turns.Stream(Claude.Chat(true), Rich.Replace("\n", "\r\n", StringComparison.Ordinal)).Text));
    }

    [Fact]
    public void Stream_WithoutEventNames_IsToldTheSame()
    {
        string bare = string.Join('\n', Rich.Split('\n').Where(line => !line.StartsWith("event:", StringComparison.Ordinal)));
        Assert.Equal(Unstamped(Turns.Stream(Claude.Chat(true), Rich).Text), Unstamped(Turns.Stream(Claude.Chat(true), bare).Text));
    }

    [Fact]
    public void Whole_OfTheSameAnswer_SaysWhatTheStreamSaid()
    {
        Told whole = Turns.Whole(Claude.Chat(false), Encoding.UTF8.GetBytes(RichWhole));
        JsonObject streamed = Claude.Accumulated(Turns.Stream(Claude.Chat(true), Rich).Text);
        JsonNode choice = JsonNode.Parse(whole.Text)!["choices"]![0]!;
        Assert.Null(whole.Failure);
        Assert.Equal(RichUsage, whole.Usage);
        foreach (string name in (string[])["content", "reasoning_content", "thinking_blocks", "citations"])
        {
            AnthropicMessagesTests.AssertJson(streamed[name]!.ToJsonString(), choice["message"]![name]);
        }

        AnthropicMessagesTests.AssertJson(streamed["usage"]!.ToJsonString(), JsonNode.Parse(whole.Text)!["usage"]);
        Assert.Equal(
            streamed["tool_calls"]!.AsArray().Select(call => call!["arguments"]!.GetValue<string>()),
            choice["message"]!["tool_calls"]!.AsArray().Select(call => call!["function"]!["arguments"]!.GetValue<string>()));
        Assert.Equal(streamed["finish_reason"]!.GetValue<string>(), choice["finish_reason"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("end_turn", "stop")]
    [InlineData("stop_sequence", "stop")]
    [InlineData("pause_turn", "stop")]
    [InlineData("max_tokens", "length")]
    [InlineData("model_context_window_exceeded", "length")]
    [InlineData("refusal", "content_filter")]
    [InlineData("next_years_reason", "stop")]
    public void StopReason_BecomesFinishReason(string reason, string finish)
    {
        Told told = Turns.Stream(Claude.Chat(true), Claude.Events(Claude.Start(), Claude.Block(0, """{"type":"text","text":""}"""), Claude.Text(0, "x"), Claude.Stop(0), Claude.Finish(reason), Claude.Over));
        Assert.Equal(finish, Claude.Accumulated(told.Text)["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public void Refusal_WithItsReason_IsTheMessagesRefusal()
    {
        const string Details = ",\"stop_details\":{\"type\":\"refusal\",\"category\":\"bio\",\"explanation\":\"Not \\\"this\\\".\"}";
        Told told = Turns.Stream(Claude.Chat(true), Claude.Events(Claude.Start(), Claude.Finish("refusal", more: Details), Claude.Over));
        Assert.Equal("Not \"this\".", Claude.Accumulated(told.Text)["refusal"]!.GetValue<string>());
    }

    [Fact]
    public void ToolInput_GivenWithItsBlock_IsTheArguments()
    {
        Told told = Turns.Stream(Claude.Chat(true), Claude.Events(
            Claude.Start(), Claude.Block(0, """{"type":"tool_use","id":"t","name":"f","input":{"a":"\"b\""}}"""), Claude.Stop(0), Claude.Finish("tool_use"), Claude.Over));
        Assert.Equal("""{"a":"\"b\""}""", Claude.Accumulated(told.Text)["tool_calls"]![0]!["arguments"]!.GetValue<string>());
    }

    [Fact]
    public void ToolInput_ThatIsNotJson_PassesAsItIs()
    {
        Told told = Turns.Stream(Claude.Chat(true), Claude.Events(
            Claude.Start(), Claude.Block(0, """{"type":"tool_use","id":"t","name":"f","input":{}}"""),
            Claude.Delta(0, """{"type":"input_json_delta","partial_json":"{\"a\": tru"}"""), Claude.Stop(0), Claude.Finish("max_tokens"), Claude.Over));
        Assert.Equal("{\"a\": tru", Claude.Accumulated(told.Text)["tool_calls"]![0]!["arguments"]!.GetValue<string>());
    }

    [Fact]
    public void Stream_CutBeforeItsEnd_IsNotComplete()
    {
        Told told = Turns.Stream(Claude.Chat(true), Claude.Events(Claude.Start(), Claude.Block(0, """{"type":"text","text":""}"""), Claude.Text(0, "x"), Claude.Stop(0), Claude.Finish("end_turn")));
        Assert.False(told.IsComplete);
        Assert.DoesNotContain("[DONE]", told.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("overloaded_error", "Overloaded", nameof(ErrorCode.ProviderError), false)]
    [InlineData("api_error", "Internal server error", nameof(ErrorCode.ProviderError), false)]
    [InlineData("rate_limit_error", "Slow down", nameof(ErrorCode.RateLimitExceeded), false)]
    [InlineData("invalid_request_error", "messages: bad", nameof(ErrorCode.InvalidValue), true)]
    [InlineData("billing_error", "Pay", nameof(ErrorCode.ProviderQuotaExhausted), false)]
    [InlineData("authentication_error", "invalid x-api-key", nameof(ErrorCode.ProviderAuthFailed), false)]
    public void ErrorEvent_IsAFailureOfItsClass(string type, string message, string code, bool isFinal)
    {
        Told told = Turns.Stream(Claude.Chat(true), Claude.Events(Claude.Start(), $$$$"""{"type":"error","error":{"type":"{{{{type}}}}","message":"{{{{message}}}}"},"request_id":"req_1"}"""));
        Assert.Equal(code, told.Failure!.Code.ToString());
        Assert.Equal(isFinal, told.Failure.IsFinal);
        Assert.Equal("", told.Text);
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", nameof(ErrorCode.ProviderError))]
    [InlineData("""{"id":"x"}""", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("""{"id":"x","content":"y","stop_reason":"end_turn"}""", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("""{"id":"x","content":[{"type":"text","text":"y"}""", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("<html>", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("", nameof(ErrorCode.InvalidProviderResponse))]
    public void Whole_ThatIsNoMessage_IsAFailure(string body, string code) =>
        Assert.Equal(code, Turns.Whole(Claude.Chat(false), Encoding.UTF8.GetBytes(body)).Failure!.Code.ToString());

    private static string Unstamped(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\"created\":\\d+", "\"created\":0");
}
