using System.Text.Json.Nodes;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicMessagesTests
{
    [Fact]
    public void Request_Plain_IsWhole()
    {
        (JsonObject body, string? dropped) = Claude.Asked("""{"model":"c","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Where is Oslo? \"quoted\""}]}""");
        AssertJson("""
            {"model":"claude-sonnet-4-5-20250929","system":[{"type":"text","text":"Be brief."}],
             "messages":[{"role":"user","content":[{"type":"text","text":"Where is Oslo? \"quoted\""}]}],"max_tokens":64000}
            """, body);
        Assert.Null(dropped);
    }

    [Fact]
    public void SystemAndDeveloperMessages_Anywhere_BecomeTheSystemPromptInTheirOrder()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"system","content":"one"},{"role":"developer","content":[{"type":"text","text":"two"},{"type":"text","text":"three","cache_control":{"type":"ephemeral"}}]},
             {"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"system","content":"four"},{"role":"user","content":"c"}]}
            """);
        AssertJson("""[{"type":"text","text":"one"},{"type":"text","text":"two"},{"type":"text","text":"three","cache_control":{"type":"ephemeral"}},{"type":"text","text":"four"}]""", body["system"]);
        Assert.Equal(["user", "assistant", "user"], Roles(body));
    }

    [Fact]
    public void SystemMessage_Alone_IsAskedByTheUser()
    {
        (JsonObject body, _) = Claude.Asked("""{"messages":[{"role":"system","content":"Write a haiku."}]}""");
        Assert.Null(body["system"]);
        AssertJson("""[{"role":"user","content":[{"type":"text","text":"Write a haiku."}]}]""", body["messages"]);
    }

    [Fact]
    public void Messages_OfOneSideInARow_BecomeOne()
    {
        (JsonObject body, _) = Claude.Asked("""{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"},{"role":"assistant","content":"d"},{"role":"user","content":"e"}]}""");
        Assert.Equal(["user", "assistant", "user"], Roles(body));
        Assert.Equal(2, body["messages"]![0]!["content"]!.AsArray().Count);
        Assert.Equal(2, body["messages"]![1]!["content"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\" \\n\\t\"")]
    [InlineData("[]")]
    public void Message_WithoutContent_IsLeftOut(string content)
    {
        (JsonObject body, _) = Claude.Asked($$$$"""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":{{{{content}}}}},{"role":"user","content":"b"}]}""");
        AssertJson("""[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]""", body["messages"]);
    }

    [Fact]
    public void Conversation_BegunByTheAssistant_GetsAUserFirst()
    {
        (JsonObject body, _) = Claude.Asked("""{"messages":[{"role":"assistant","content":"Hello!"},{"role":"user","content":"Hi"}]}""");
        Assert.Equal(["user", "assistant", "user"], Roles(body));
    }

    [Fact]
    public void LastAssistantMessage_EndsWithoutSpace()
    {
        (JsonObject body, _) = Claude.Asked("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"The answer is \n "}]}""");
        Assert.Equal("The answer is", body["messages"]![1]!["content"]![0]!["text"]!.GetValue<string>());
    }

    [Fact]
    public void LastAssistantMessage_EndingInABackslashAndAnN_KeepsThem()
    {
        (JsonObject body, _) = Claude.Asked("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"C:\\n"}]}""");
        Assert.Equal("C:\\n", body["messages"]![1]!["content"]![0]!["text"]!.GetValue<string>());
    }

    [Fact]
    public void ParallelCalls_WithResults_JoinInOneUserMessageResultsFirst()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","content":"Weather?"},
             {"role":"assistant","content":"Let me look.","tool_calls":[
               {"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Malm\u00f6\"}"}},
               {"id":"call_2","type":"function","function":{"name":"clock","arguments":""}}]},
             {"role":"tool","tool_call_id":"call_1","content":"rain"},
             {"role":"tool","tool_call_id":"call_2","content":[{"type":"text","text":"broken"}],"is_error":true},
             {"role":"user","content":"And?"}],
             "tools":[{"type":"function","function":{"name":"weather"}},{"type":"function","function":{"name":"clock"}}]}
            """);
        AssertJson("""
            [{"role":"user","content":[{"type":"text","text":"Weather?"}]},
             {"role":"assistant","content":[{"type":"text","text":"Let me look."},
               {"type":"tool_use","id":"call_1","name":"weather","input":{"city":"Malmö"}},
               {"type":"tool_use","id":"call_2","name":"clock","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"rain"}]},
               {"type":"tool_result","tool_use_id":"call_2","content":[{"type":"text","text":"broken"}],"is_error":true},
               {"type":"text","text":"And?"}]}]
            """, body["messages"]);
    }

    [Fact]
    public void ToolResult_Empty_HasNoContent_AndAnImageIsShown()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","content":"x"},
             {"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"a","content":""},
             {"role":"tool","tool_call_id":"b","content":[{"type":"image_url","image_url":{"url":"https://example.test/a.png"}}]}]}
            """);
        AssertJson("""
            [{"type":"tool_result","tool_use_id":"a"},
             {"type":"tool_result","tool_use_id":"b","content":[{"type":"image","source":{"type":"url","url":"https://example.test/a.png"}}]}]
            """, body["messages"]![2]!["content"]);
    }

    [Theory]
    [InlineData("\"not json\"")]
    [InlineData("\"[1,2]\"")]
    [InlineData("\"{\\\"a\\\":\"")]
    [InlineData("\"\\ud83d\"")]
    public void ToolArguments_ThatAreNoObject_GoAsTextAndAreNamed(string arguments)
    {
        (JsonObject body, string? dropped) = Claude.Asked($$$$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":{{{{arguments}}}}}}]},{"role":"tool","tool_call_id":"a","content":"y"}]}
            """);
        Assert.NotNull(body["messages"]![1]!["content"]![0]!["input"]!["arguments"]);
        Assert.Equal("messages[1].tool_calls[0].function.arguments", dropped);
    }

    [Fact]
    public void ToolIds_InLettersTheVendorRefuses_ChangeOnBothSides()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"functions.f:0","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"functions.f:0","content":"y"}]}
            """);
        Assert.Equal("functions_f_0", body["messages"]![1]!["content"]![0]!["id"]!.GetValue<string>());
        Assert.Equal("functions_f_0", body["messages"]![2]!["content"]![0]!["tool_use_id"]!.GetValue<string>());
    }

    [Fact]
    public void FunctionResult_WithoutId_FindsItsCallByName()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"y"}],"functions":[{"name":"f","parameters":{"type":"object","properties":{}}}]}
            """);
        string id = body["messages"]![1]!["content"]![0]!["id"]!.GetValue<string>();
        Assert.Equal(id, body["messages"]![2]!["content"]![0]!["tool_use_id"]!.GetValue<string>());
        Assert.Matches("^[a-zA-Z0-9_-]+$", id);
    }

    [Fact]
    public void ThinkingBlocks_FromTheClient_ComeFirstAsTheyWere()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","content":"x"},
             {"role":"assistant","content":"so","reasoning_content":"hm","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"AAEC"}],
              "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"a","content":"y"}],"tools":[{"type":"function","function":{"name":"f"}}],"reasoning_effort":"low"}
            """);
        AssertJson("""
            [{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"AAEC"},{"type":"text","text":"so"},{"type":"tool_use","id":"a","name":"f","input":{}}]
            """, body["messages"]![1]!["content"]);
        AssertJson("""{"type":"enabled","budget_tokens":2048}""", body["thinking"]);
    }

    [Fact]
    public void WhatHasNoPlaceInAMessage_IsNamed()
    {
        (_, string? dropped) = Claude.Asked("""{"messages":[{"role":"user","name":"bob","content":"x"},{"role":"assistant","content":"y","reasoning_content":"unsigned"},{"role":"user","content":"z"}]}""");
        Assert.Equal("messages[].name, messages[].reasoning_content", dropped);
    }

    [Fact]
    public void CacheMarks_OnPartsMessagesAndCalls_StandOnTheirBlocks()
    {
        (JsonObject body, _) = Claude.Asked("""
            {"messages":[{"role":"user","cache_control":{"type":"ephemeral"},"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"text","text":" "}]},
             {"role":"assistant","content":"c","cache_control":{"type":"ephemeral","ttl":"1h"},"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"y","cache_control":{"type":"ephemeral"}}]}],
             "tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}]}
            """);
        JsonArray user = body["messages"]![0]!["content"]!.AsArray();
        Assert.Null(user[0]!["cache_control"]);
        AssertJson("""{"type":"ephemeral"}""", user[1]!["cache_control"]);
        AssertJson("""{"type":"ephemeral","ttl":"1h"}""", body["messages"]![1]!["content"]![1]!["cache_control"]);
        AssertJson("""{"type":"ephemeral"}""", body["messages"]![2]!["content"]![0]!["cache_control"]);
        Assert.Null(body["messages"]![2]!["content"]![0]!["content"]![0]!["cache_control"]);
        AssertJson("""{"type":"ephemeral"}""", body["tools"]![0]!["cache_control"]);
    }

    [Fact]
    public void Part_ThatOnlyOthersRead_RefusesTheCall()
    {
        var refused = Assert.Throws<CallRefusedException>(() =>
            Claude.Asked("""{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]}"""));
        Assert.Equal("messages[0].content[0]", refused.Failure.Param);
    }

    internal static void AssertJson(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual?.ToJsonString() ?? "nothing");

    private static IEnumerable<string> Roles(JsonObject body) => body["messages"]!.AsArray().Select(message => message!["role"]!.GetValue<string>());
}
