using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicCallTests
{
    [Fact]
    public void Body_PassesUntouchedButForModelAndOurOwnObject()
    {
        using VendorCall call = Claude.Own("""{ "model" : "mine",  "llm":{"fallback":"off"}, "max_tokens":5, "new_field":[1, 2],"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}] }""");
        Assert.Equal(
            """{ "model" : "claude-sonnet-4-5-20250929", "max_tokens":5, "new_field":[1, 2],"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}] }""",
            Turns.Body(call));
        Assert.Equal("v1/messages", call.Path);
        Assert.False(call.IsTranslated);
    }

    [Fact]
    public void OperatorsDefaults_JoinOnlyWhereTheDialectHasThem()
    {
        using VendorCall call = Claude.Own("""{"messages":[{"role":"user","content":"hi"}],"top_k":3}""", change: llm => llm.Config = new JsonObject
        {
            ["max_completion_tokens"] = 50,
            ["temperature"] = 0.5,
            ["top_k"] = 9,
            ["reasoning_effort"] = "low",
        });
        AnthropicMessagesTests.AssertJson("""{"model":"claude-sonnet-4-5-20250929","max_tokens":50,"temperature":0.5,"messages":[{"role":"user","content":"hi"}],"top_k":3}""", JsonNode.Parse(Turns.Body(call)));
    }

    [Fact]
    public void CountTokens_PassesToItsOwnAddressWithoutDefaults()
    {
        using VendorCall call = Claude.Own("""{"model":"a","messages":[{"role":"user","content":"hi"}]}""", EndpointKind.CountTokens, change: llm => llm.Config = new JsonObject { ["max_tokens"] = 50 });
        Assert.Equal("v1/messages/count_tokens", call.Path);
        Assert.Equal("""{"model":"claude-sonnet-4-5-20250929","messages":[{"role":"user","content":"hi"}]}""", Turns.Body(call));
        Told told = Turns.Whole(call, """{"input_tokens":14}"""u8.ToArray());
        Assert.Null(told.Failure);
        Assert.Null(told.Usage);
    }

    [Fact]
    public void BetaInTheQuery_IsKept_AndNothingElse()
    {
        Exchange exchange = Turns.Exchange("""{"messages":[{"role":"user","content":"hi"}]}""", EndpointKind.Messages);
        exchange.Http.Request.QueryString = new Microsoft.AspNetCore.Http.QueryString("?beta=true&key=secret");
        LlmProxy.Routing.RouteTarget target = Turns.Target("anthropic", Claude.Sonnet45);
        using VendorCall call = target.Deployment.Provider.Open(exchange, target, new AttemptFacts(1));
        Assert.Equal("v1/messages?beta=true", call.Path);
    }

    [Fact]
    public void Stream_PassesByteForByte_AndIsMetered()
    {
        string vendor = ": hello\n\n" + Claude.Events(
            Claude.Start(input: 3, cacheRead: 4), Claude.Ping, Claude.Block(0, """{"type":"text","text":""}"""), Claude.Text(0, "x"), """{"type":"new_event"}""", Claude.Text(0, "y"), Claude.Stop(0), Claude.Finish("end_turn", 8), Claude.Over);
        using VendorCall call = Claude.Own("""{"stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        Told told = Turns.Stream(call, vendor, Enumerable.Range(0, vendor.Length));
        Assert.Equal(vendor.TrimEnd('\n'), told.Text.TrimEnd('\n'));
        Assert.Equal(new TokenUsage(3, 4, 0, 8, 0), told.Usage);
        Assert.Equal("claude-told", told.Model);
        Assert.True(told.IsComplete);
    }

    [Theory]
    [InlineData("""{"type":"ping"}""", "None")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""", "None")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}""", "None")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}""", "Output")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}""", "None")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}""", "Output")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}""", "Output")]
    [InlineData("""{"type":"content_block_stop","index":0}""", "None")]
    [InlineData("""{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":1}}""", "None")]
    [InlineData("""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}""", "Output, Finish")]
    [InlineData("""{"type":"message_stop"}""", "End")]
    [InlineData("not json", "None")]
    public void Event_CountsAsOutputOnlyWhenItIs(string data, string expected)
    {
        using VendorCall call = Claude.Own("""{"stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        IStreamTranslator events = call.OpenStream();
        byte[] raw = Encoding.UTF8.GetBytes($"data: {data}\n\n");
        Assert.True(new SseFramer().TryRead(raw, ended: false, out _, out StreamFrame frame));
        FrameVerdict verdict = events.Translate(in frame, new System.Buffers.ArrayBufferWriter<byte>());
        Assert.Equal(Enum.Parse<FrameVerdict>(expected) | FrameVerdict.Pass, verdict);
    }

    [Fact]
    public void ErrorEvent_EndsTheStreamAsAFailure()
    {
        using VendorCall call = Claude.Own("""{"stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        Told told = Turns.Stream(call, Claude.Events(Claude.Start(), """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"""));
        Assert.Equal(ErrorCode.ProviderError, told.Failure!.Code);
        Assert.False(told.IsComplete);
    }

    [Theory]
    [InlineData("""{"type":"message","model":"claude-told","content":[],"usage":{"input_tokens":4,"output_tokens":5}}""", null)]
    [InlineData("""{"type":"error","error":{"type":"api_error","message":"m"}}""", nameof(ErrorCode.ProviderError))]
    [InlineData("""{"hello":1}""", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("""{"type":"message","content":[""", nameof(ErrorCode.InvalidProviderResponse))]
    [InlineData("<html>", nameof(ErrorCode.InvalidProviderResponse))]
    public void WholeAnswer_IsReadForWhatItSays(string body, string? code)
    {
        using VendorCall call = Claude.Own("""{"messages":[{"role":"user","content":"hi"}]}""");
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes(body));
        Assert.Equal(code, told.Failure?.Code.ToString());
        Assert.Equal(code is null ? new TokenUsage(4, 0, 0, 5, 0) : null, told.Usage);
    }
}
