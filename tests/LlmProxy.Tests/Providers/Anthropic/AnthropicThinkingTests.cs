using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicThinkingTests
{
    private const string Tool = """ "tools":[{"type":"function","function":{"name":"f"}}]""";

    [Theory]
    [InlineData(Claude.Sonnet45, "\"reasoning_effort\":\"low\"", """{"type":"enabled","budget_tokens":2048}""", null, null)]
    [InlineData(Claude.Sonnet45, "\"reasoning_effort\":\"high\",\"max_tokens\":4096", """{"type":"enabled","budget_tokens":2048}""", null, null)]
    [InlineData(Claude.Sonnet45, "\"reasoning_effort\":\"high\",\"max_tokens\":1000", null, null, "reasoning_effort")]
    [InlineData(Claude.Sonnet45, "\"reasoning_effort\":\"none\"", """{"type":"disabled"}""", null, null)]
    [InlineData(Claude.Sonnet45, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5000}", """{"type":"enabled","budget_tokens":5000}""", null, null)]
    [InlineData(Claude.Sonnet45, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5000},\"max_tokens\":3000", """{"type":"enabled","budget_tokens":2999}""", null, "thinking.budget_tokens")]
    [InlineData(Claude.Sonnet45, "\"reasoning\":{\"max_tokens\":3000}", """{"type":"enabled","budget_tokens":3000}""", null, null)]
    [InlineData(Claude.Opus47, "\"reasoning_effort\":\"minimal\"", """{"type":"adaptive","display":"summarized"}""", "low", null)]
    [InlineData(Claude.Opus47, "\"reasoning_effort\":\"xhigh\"", """{"type":"adaptive","display":"summarized"}""", "xhigh", null)]
    [InlineData("claude-opus-4-6", "\"reasoning_effort\":\"xhigh\"", """{"type":"adaptive","display":"summarized"}""", "max", null)]
    [InlineData("claude-opus-4-6", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5000}", """{"type":"enabled","budget_tokens":5000}""", null, null)]
    [InlineData(Claude.Opus47, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5000}", """{"type":"adaptive","display":"summarized"}""", "medium", "thinking.budget_tokens")]
    [InlineData("claude-fable-5", "\"reasoning_effort\":\"none\"", null, null, "reasoning_effort")]
    [InlineData("claude-3-5-haiku-20241022", "\"reasoning_effort\":\"low\"", null, null, "reasoning_effort")]
    [InlineData("claude-3-5-haiku-20241022", "\"reasoning_effort\":\"none\"", null, null, null)]
    [InlineData("claude-opus-4@20250514", "\"reasoning_effort\":\"medium\"", """{"type":"enabled","budget_tokens":8192}""", null, null)]
    public void Wish_InTheWordsOfTheModel(string model, string fields, string? thinking, string? effort, string? dropped)
    {
        (JsonObject body, string? named) = Claude.AskedWith(fields, model);
        AnthropicMessagesTests.AssertJson(thinking ?? "null", body["thinking"]);
        Assert.Equal(effort, body["output_config"]?["effort"]?.GetValue<string>());
        Assert.Equal(dropped, named);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"reasoning_content\":\"lost its signature\"")]
    public void ToolTurn_WithoutItsThinking_IsContinuedWithoutAndThatIsNamed(string reasoning)
    {
        (JsonObject body, string? dropped) = Claude.Asked($$$$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant"{{{{reasoning}}}},"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"}],{{{{Tool}}}},"reasoning_effort":"high"}
            """);
        Assert.Null(body["thinking"]);
        Assert.StartsWith("reasoning_effort", dropped, StringComparison.Ordinal);
    }

    [Fact]
    public void ToolTurn_ThatIsOver_DoesNotKeepTheNextFromThinking()
    {
        (JsonObject body, string? dropped) = Claude.Asked($$$$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"},
             {"role":"assistant","content":"done"},{"role":"user","content":"next"}],{{{{Tool}}}},"reasoning_effort":"high"}
            """);
        Assert.NotNull(body["thinking"]);
        Assert.Null(dropped);
    }

    [Fact]
    public void ToolTurn_WithoutItsThinking_GoesOnThinkingWhereTheModelDecides()
    {
        (JsonObject body, string? dropped) = Claude.Asked($$$$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"}],{{{{Tool}}}},"reasoning_effort":"high"}
            """, Claude.Opus47);
        Assert.Equal("adaptive", body["thinking"]!["type"]!.GetValue<string>());
        Assert.Null(dropped);
    }

    [Fact]
    public void ForcedTool_RulesThinkingOut_AndThatIsNamed()
    {
        (JsonObject body, string? dropped) = Claude.AskedWith(Tool + ",\"tool_choice\":\"required\",\"reasoning_effort\":\"high\"");
        Assert.Null(body["thinking"]);
        Assert.Equal("reasoning_effort", dropped);
    }

    [Fact]
    public void ForcedTool_OnAModelThatThinksUnasked_TurnsItOff()
    {
        (JsonObject body, string? dropped) = Claude.AskedWith(Tool + ",\"tool_choice\":\"required\"", "claude-opus-5");
        AnthropicMessagesTests.AssertJson("""{"type":"disabled"}""", body["thinking"]);
        Assert.Null(dropped);
    }

    [Theory]
    [InlineData(Claude.Sonnet4, "\"temperature\":0.4,\"top_p\":0.9,\"top_k\":5", """{"temperature":0.4,"top_p":0.9,"top_k":5}""", null)]
    [InlineData(Claude.Sonnet45, "\"temperature\":0.4,\"top_p\":0.9", """{"temperature":0.4}""", "top_p")]
    [InlineData(Claude.Sonnet45, "\"temperature\":0.4,\"top_p\":1", """{"temperature":0.4}""", null)]
    [InlineData(Claude.Sonnet45, "\"temperature\":1.6", """{"temperature":1}""", "temperature")]
    [InlineData(Claude.Opus47, "\"temperature\":0.4,\"top_k\":5", "{}", "temperature, top_k")]
    [InlineData(Claude.Opus47, "\"temperature\":1,\"top_p\":1", "{}", null)]
    [InlineData(Claude.Sonnet45, "\"temperature\":0.2,\"top_k\":3,\"top_p\":0.97,\"reasoning_effort\":\"low\"", """{"top_p":0.97}""", "temperature, top_k")]
    public void Sampling_AsFarAsModelAndThinkingAllow(string model, string fields, string expected, string? dropped)
    {
        (JsonObject body, string? named) = Claude.AskedWith(fields, model);
        var sampling = new JsonObject();
        foreach (string name in (string[])["temperature", "top_p", "top_k"])
        {
            if (body.ContainsKey(name))
            {
                sampling[name] = body[name]!.DeepClone();
            }
        }

        AnthropicMessagesTests.AssertJson(expected, sampling);
        Assert.Equal(dropped, named);
    }
}
