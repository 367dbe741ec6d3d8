using System.Text.Json.Nodes;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicFormatTests
{
    private const string City = """ "response_format":{"type":"json_schema","json_schema":{"name":"city","strict":true,"schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}}}""";

    [Fact]
    public void Schema_WhereTheModelKnowsThem_IsNative()
    {
        (JsonObject body, string? dropped) = Claude.AskedWith(City);
        AnthropicMessagesTests.AssertJson("""
            {"format":{"type":"json_schema","schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}}}
            """, body["output_config"]);
        Assert.Null(body["tools"]);
        Assert.Null(dropped);
    }

    [Fact]
    public void Schema_WithWhatTheVendorCannotSay_KeepsItAsWords()
    {
        (JsonObject body, string? dropped) = Claude.AskedWith("""
            "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"All of it.","schema":{"type":"object","properties":{
              "age":{"type":"integer","minimum":0,"description":"In years."},"tags":{"type":"array","items":{"type":"object","properties":{"t":{"type":"string","format":"date"}}},"minItems":1,"maxItems":3},
              "either":{"oneOf":[{"type":"string"},{"$ref":"#/$defs/d"}]}},"$defs":{"d":{"type":"null"}}}}}
            """);
        AnthropicMessagesTests.AssertJson("""
            {"type":"object","properties":{
              "age":{"type":"integer","description":"In years.\nminimum: 0"},
              "tags":{"type":"array","items":{"type":"object","properties":{"t":{"type":"string","format":"date"}},"additionalProperties":false},"minItems":1,"description":"maxItems: 3"},
              "either":{"anyOf":[{"type":"string"},{"$ref":"#/$defs/d"}]}},"$defs":{"d":{"type":"null"}},"additionalProperties":false,"description":"All of it."}
            """, body["output_config"]!["format"]!["schema"]);
        Assert.Equal("response_format.json_schema.schema.minimum, response_format.json_schema.schema.maxItems", dropped);
    }

    [Theory]
    [InlineData(Claude.Sonnet4, City)]
    [InlineData(Claude.Sonnet45, """ "response_format":{"type":"json_schema","json_schema":{"name":"map","schema":{"type":"object","additionalProperties":{"type":"string"}}}}""")]
    [InlineData(Claude.Sonnet45, """ "response_format":{"type":"json_schema","json_schema":{"name":"tree","schema":{"type":"object","properties":{"left":{"$ref":"#"}}}}}""")]
    [InlineData(Claude.Sonnet45, """ "response_format":{"type":"json_object"}""")]
    public void Format_WithoutNativeWay_IsAToolThatMustBeCalled(string model, string format)
    {
        (JsonObject body, string? dropped) = Claude.AskedWith(format, model);
        Assert.Null(body["output_config"]);
        JsonNode tool = Assert.Single(body["tools"]!.AsArray())!;
        AnthropicMessagesTests.AssertJson($$$$"""{"type":"tool","name":"{{{{tool["name"]}}}}","disable_parallel_tool_use":true}""", body["tool_choice"]);
        Assert.Equal("object", tool["input_schema"]!["type"]!.GetValue<string>());
        Assert.Null(dropped);
    }

    [Fact]
    public void Format_BesideTools_LetsTheModelChooseAmongAll()
    {
        (JsonObject body, _) = Claude.AskedWith(""" "tools":[{"type":"function","function":{"name":"f"}}],"response_format":{"type":"json_object"}""");
        Assert.Equal(2, body["tools"]!.AsArray().Count);
        AnthropicMessagesTests.AssertJson("""{"type":"any"}""", body["tool_choice"]);
    }

    [Fact]
    public void JsonObject_OnAModelThatAlwaysThinks_IsAskedInWords()
    {
        (JsonObject body, _) = Claude.AskedWith("\"response_format\":{\"type\":\"json_object\"}", "claude-fable-5");
        Assert.Null(body["tools"]);
        Assert.Contains("JSON object", body["system"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnswerTool_Called_IsUnwrappedWholeAndStreamed()
    {
        const string Format = ",\"response_format\":{\"type\":\"json_object\"}";
        Told whole = Turns.Whole(Claude.Chat(false, Format), """
            {"id":"msg_1","type":"message","role":"assistant","model":"claude-told","content":[{"type":"tool_use","id":"toolu_1","name":"answer_as_json","input":{"a":"b \"c\""}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":7}}
            """u8.ToArray());
        JsonNode choice = JsonNode.Parse(whole.Text)!["choices"]![0]!;
        AnthropicMessagesTests.AssertJson("""{"a":"b \"c\""}""", JsonNode.Parse(choice["message"]!["content"]!.GetValue<string>()));
        Assert.Equal("stop", choice["finish_reason"]!.GetValue<string>());
        Assert.Null(choice["message"]!["tool_calls"]);

        Told streamed = Turns.Stream(Claude.Chat(true, Format), Claude.Events(
            Claude.Start(),
            Claude.Block(0, """{"type":"tool_use","id":"toolu_1","name":"answer_as_json","input":{}}"""),
            Claude.Delta(0, """{"type":"input_json_delta","partial_json":"{\"a\":"}"""),
            Claude.Delta(0, """{"type":"input_json_delta","partial_json":"\"b \\\"c\\\"\"}"}"""),
            Claude.Stop(0),
            Claude.Finish("tool_use"),
            Claude.Over));
        JsonObject message = Claude.Accumulated(streamed.Text);
        AnthropicMessagesTests.AssertJson("""{"a":"b \"c\""}""", JsonNode.Parse(message["content"]!.GetValue<string>()));
        Assert.Equal("stop", message["finish_reason"]!.GetValue<string>());
        Assert.Empty(message["tool_calls"]!.AsArray());
    }
}
