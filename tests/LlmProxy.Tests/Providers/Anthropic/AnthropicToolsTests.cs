using System.Text.Json.Nodes;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicToolsTests
{
    private const string Two = """ "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}},{"type":"function","function":{"name":"g"}}]""";

    [Fact]
    public void Tools_Functions_BecomeTools()
    {
        (JsonObject body, string? dropped) = Claude.AskedWith(Two);
        AnthropicMessagesTests.AssertJson("""
            [{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}},{"name":"g","input_schema":{"type":"object","properties":{}}}]
            """, body["tools"]);
        Assert.Null(body["tool_choice"]);
        Assert.Null(dropped);
    }

    [Theory]
    [InlineData("\"auto\"", "", """{"type":"auto"}""")]
    [InlineData("\"none\"", "", """{"type":"none"}""")]
    [InlineData("\"required\"", "", """{"type":"any"}""")]
    [InlineData("""{"type":"function","function":{"name":"g"}}""", "", """{"type":"tool","name":"g"}""")]
    [InlineData("\"required\"", ",\"parallel_tool_calls\":false", """{"type":"any","disable_parallel_tool_use":true}""")]
    [InlineData("\"auto\"", ",\"parallel_tool_calls\":true", """{"type":"auto"}""")]
    public void ToolChoice_InEveryForm(string choice, string more, string expected)
    {
        (JsonObject body, string? dropped) = Claude.AskedWith($"{Two},\"tool_choice\":{choice}{more}");
        AnthropicMessagesTests.AssertJson(expected, body["tool_choice"]);
        Assert.Null(dropped);
    }

    [Fact]
    public void ParallelToolCalls_Off_NeedsAChoice()
    {
        (JsonObject body, _) = Claude.AskedWith(Two + ",\"parallel_tool_calls\":false");
        AnthropicMessagesTests.AssertJson("""{"type":"auto","disable_parallel_tool_use":true}""", body["tool_choice"]);
    }

    [Fact]
    public void AllowedTools_AreTheOnlyOnesToldOf()
    {
        (JsonObject body, _) = Claude.AskedWith(Two + ","
            + """ "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}""");
        Assert.Equal("g", Assert.Single(body["tools"]!.AsArray())!["name"]!.GetValue<string>());
        AnthropicMessagesTests.AssertJson("""{"type":"any"}""", body["tool_choice"]);
    }

    [Theory]
    [InlineData(Claude.Sonnet45, """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""", null)]
    [InlineData(Claude.Sonnet45, """{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"required":["a"],"additionalProperties":false}""", "tools[0].function.strict")]
    [InlineData(Claude.Sonnet4, """{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}""", "tools[0].function.strict")]
    public void Strict_WhereModelAndSchemaAllow(string model, string schema, string? dropped)
    {
        (JsonObject body, string? named) = Claude.AskedWith($$$$"""
            "tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{{{{schema}}}}}}]
            """, model);
        Assert.Equal(dropped is null, body["tools"]![0]!["strict"]?.GetValue<bool>() == true);
        AnthropicMessagesTests.AssertJson(schema, body["tools"]![0]!["input_schema"]);
        Assert.Equal(dropped, named);
    }

    [Fact]
    public void Schema_WithoutType_IsAnObjects()
    {
        (JsonObject body, _) = Claude.AskedWith(""" "tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"a":{}}}}}]""");
        AnthropicMessagesTests.AssertJson("""{"type":"object","properties":{"a":{}}}""", body["tools"]![0]!["input_schema"]);
    }

    [Fact]
    public void NativeTools_PassAsTheyAre_AndOpenAisWebSearchHasItsLike()
    {
        (JsonObject body, _) = Claude.AskedWith(""" "tools":[{"type":"web_fetch_20250910","name":"web_fetch","max_uses":3},{"type":"web_search_preview"},{"type":"custom","name":"c","input_schema":{"type":"object"}}]""");
        AnthropicMessagesTests.AssertJson("""
            [{"type":"web_fetch_20250910","name":"web_fetch","max_uses":3},{"type":"web_search_20250305","name":"web_search"},{"type":"custom","name":"c","input_schema":{"type":"object"}}]
            """, body["tools"]);
    }

    [Theory]
    [InlineData("""{"type":"custom","custom":{"name":"sql"}}""")]
    [InlineData("""{"type":"file_search","vector_store_ids":["v"]}""")]
    public void Tool_ThatOnlyOthersHave_RefusesTheCall(string tool)
    {
        var refused = Assert.Throws<CallRefusedException>(() => Claude.AskedWith($"\"tools\":[{tool}]"));
        Assert.Equal("tools[0]", refused.Failure.Param);
    }

    [Fact]
    public void History_WithCallsButNoTools_NamesThemAndAsksForNone()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"}]}
            """);
        AnthropicMessagesTests.AssertJson("""[{"name":"f","input_schema":{"type":"object","properties":{}}}]""", body["tools"]);
        AnthropicMessagesTests.AssertJson("""{"type":"none"}""", body["tool_choice"]);
    }
}
