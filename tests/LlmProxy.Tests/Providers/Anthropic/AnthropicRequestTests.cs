using System.Text.Json.Nodes;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicRequestTests
{
    [Theory]
    [InlineData("\"stop\":[\"END\",\"\\n\"]", "stop_sequences", """["END"]""", "stop")]
    [InlineData("\"user\":\"u-1\"", "metadata", """{"user_id":"u-1"}""", null)]
    [InlineData("\"metadata\":{\"user_id\":\"u-2\"}", "metadata", """{"user_id":"u-2"}""", null)]
    [InlineData("\"metadata\":{\"a\":\"b\"}", "metadata", "null", "metadata")]
    [InlineData("\"safety_identifier\":\"s\"", "metadata", """{"user_id":"s"}""", null)]
    [InlineData("\"service_tier\":\"default\"", "service_tier", "\"standard_only\"", null)]
    [InlineData("\"service_tier\":\"flex\"", "service_tier", "null", "service_tier")]
    [InlineData("\"max_completion_tokens\":77", "max_tokens", "77", null)]
    [InlineData("\"mcp_servers\":[{\"type\":\"url\",\"url\":\"https://m.test\",\"name\":\"m\"}]", "mcp_servers", """[{"type":"url","url":"https://m.test","name":"m"}]""", null)]
    [InlineData("\"context_management\":{\"edits\":[]}", "context_management", """{"edits":[]}""", null)]
    [InlineData("\"output_config\":{\"effort\":\"low\",\"new\":1}", "output_config", """{"effort":"low","new":1}""", null)]
    public void Field_HasItsPlace(string fields, string name, string expected, string? dropped)
    {
        (JsonObject body, string? named) = Claude.AskedWith(fields);
        AnthropicMessagesTests.AssertJson(expected, body[name]);
        Assert.Equal(dropped, named);
    }

    [Fact]
    public void Fields_ThatTheVendorHasNot_AreAllNamed()
    {
        (_, string? dropped) = Claude.AskedWith("""
            "seed":1,"logprobs":true,"logit_bias":{"1":2},"frequency_penalty":0.5,"presence_penalty":0,"prediction":{"type":"content","content":"x"},"store":false,"n":1,"unheard_of":true
            """);
        Assert.Equal("seed, logprobs, logit_bias, frequency_penalty, prediction, unheard_of", dropped);
    }

    [Fact]
    public void MaxTokens_Unsaid_IsWhatTheOperatorOrTheFamilyAllows()
    {
        const string Ask = """{"messages":[{"role":"user","content":"x"}]}""";
        Assert.Equal(5000, Claude.Asked(Ask, change: llm => llm.MaxOutputTokens = 5000).Body["max_tokens"]!.GetValue<int>());
        Assert.Equal(4096, Claude.Asked(Ask, "claude-3-opus-20240229").Body["max_tokens"]!.GetValue<int>());
        Assert.Equal(64_000, Claude.Asked(Ask, "claude-haiku-4-5").Body["max_tokens"]!.GetValue<int>());
        Assert.Equal(8192, Claude.Asked(Ask, "house-model-1").Body["max_tokens"]!.GetValue<int>());
    }

    [Fact]
    public void OperatorsDefault_ThatTheModelRefuses_IsLeftOutUnnamed()
    {
        (JsonObject body, string? dropped) = Claude.AskedWith("\"seed\":null", Claude.Opus47, llm => llm.Config = new JsonObject { ["temperature"] = 0.3 });
        Assert.Null(body["temperature"]);
        Assert.Null(dropped);
    }

    [Fact]
    public void Stream_IsAskedFor_AndBetasInTheBodyBecomeAHeader()
    {
        using VendorCall call = Turns.Open("anthropic", """{"stream":true,"anthropic_beta":["one-2025-01-01","one-2025-01-01"],"messages":[{"role":"user","content":"x"}]}""", Claude.Sonnet45);
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        Assert.True(body["stream"]!.GetValue<bool>());
        Assert.Null(body["anthropic_beta"]);
        Assert.Null(call.Dropped);
        using var request = new HttpRequestMessage();
        call.AddHeaders(request);
        Assert.Equal("one-2025-01-01", Assert.Single(request.Headers.GetValues("anthropic-beta")));
    }

    [Fact]
    public void Choices_Several_AreSeveralCalls()
    {
        using VendorCall call = Turns.Open("anthropic", """{"n":2,"messages":[{"role":"user","content":"x"}]}""", Claude.Sonnet45);
        _ = Turns.Body(call);
        Assert.Equal(2, call.Requests);
        Assert.Null(call.Dropped);
        Assert.Equal("v1/messages", call.Path);
    }
}
