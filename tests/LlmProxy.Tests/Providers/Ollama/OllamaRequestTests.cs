using System.Text.Json.Nodes;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Ollama;

public sealed class OllamaRequestTests
{
    [Fact]
    public void Conversation_WithToolsAndImages_IsSaidInOllamasWords()
    {
        string body = Turns.Body("ollama", """
            {"model":"x","messages":[
              {"role":"developer","content":"Be brief."},
              {"role":"user","content":[{"type":"text","text":"What is \"this\"?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},{"type":"text","text":"And where?"}]},
              {"role":"assistant","content":null,"reasoning_content":"A map.","tool_calls":[{"id":"call_7","type":"function","function":{"name":"locate","arguments":"{\"place\":\"K\\u00f6ln\",\"deep\":{\"a\":[1]}}"}}]},
              {"role":"tool","tool_call_id":"call_7","content":"50.9 N"}]}
            """, model: "qwen3:8b");

        AssertJson("""
            {"model":"qwen3:8b","messages":[
              {"role":"system","content":"Be brief."},
              {"role":"user","content":"What is \"this\"?\nAnd where?","images":["iVBORw0KGgo="]},
              {"role":"assistant","content":"","thinking":"A map.","tool_calls":[{"id":"call_7","function":{"index":0,"name":"locate","arguments":{"place":"Köln","deep":{"a":[1]}}}}]},
              {"role":"tool","content":"50.9 N","tool_name":"locate","tool_call_id":"call_7"}],
             "stream":false}
            """, body);
    }

    [Fact]
    public void Settings_OfEveryKind_FindTheirPlace()
    {
        using VendorCall call = Turns.Open("ollama", Request("""
            "temperature":0.5,"top_p":0.9,"top_k":40,"seed":7,"stop":["END","\n"],"max_completion_tokens":64,"presence_penalty":0.1,"frequency_penalty":0.2,
            "min_p":0.05,"repetition_penalty":1.1,"num_ctx":8192,"keep_alive":"10m","logprobs":true,"top_logprobs":2,"stream":true,"n":1,"user":"kim","logit_bias":{"5":1}
            """));

        AssertJson("""
            {"temperature":0.5,"top_p":0.9,"top_k":40,"seed":7,"stop":["END","\n"],"num_predict":64,"presence_penalty":0.1,"frequency_penalty":0.2,"min_p":0.05,"repeat_penalty":1.1,"num_ctx":8192}
            """, Parse(call)["options"]!.ToJsonString());
        JsonNode body = Parse(call);
        Assert.Equal("10m", (string?)body["keep_alive"]);
        Assert.True((bool)body["logprobs"]!);
        Assert.Equal(2, (int)body["top_logprobs"]!);
        Assert.True((bool)body["stream"]!);
        Assert.Equal("user, logit_bias", call.Dropped);
    }

    [Fact]
    public void Options_SaidTwice_TheClientsOwnWordsWin()
    {
        using VendorCall call = Turns.Open(
            "ollama", Request("\"temperature\":0.5,\"options\":{\"temperature\":0.1,\"mirostat\":2}"),
            change: llm =>
            {
                llm.Config["num_ctx"] = 4096;
                llm.Config["temperature"] = 0.9;
                llm.Config["options"] = new JsonObject { ["num_gpu"] = 1, ["mirostat"] = 1 };
                llm.Config["keep_alive"] = -1;
            });

        JsonNode body = Parse(call);
        AssertJson("""{"temperature":0.1,"mirostat":2,"num_ctx":4096,"num_gpu":1}""", body["options"]!.ToJsonString());
        Assert.Equal(-1, (int)body["keep_alive"]!);
        Assert.Null(call.Dropped);
    }

    [Theory]
    [InlineData("\"reasoning_effort\":\"none\"", "false")]
    [InlineData("\"reasoning_effort\":\"minimal\"", "\"low\"")]
    [InlineData("\"reasoning_effort\":\"medium\"", "\"medium\"")]
    [InlineData("\"reasoning_effort\":\"xhigh\"", "\"high\"")]
    [InlineData("\"thinking\":{\"type\":\"disabled\"}", "false")]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}", "true")]
    [InlineData("\"reasoning\":{\"effort\":\"high\"}", "\"high\"")]
    [InlineData("\"think\":true", "true")]
    [InlineData("\"temperature\":1", null)]
    public void Thinking_Wished_IsThink(string field, string? think)
    {
        using VendorCall call = Turns.Open("ollama", Request(field));

        Assert.Equal(think, Parse(call)["think"]?.ToJsonString());
        Assert.Equal(field.Contains("budget", StringComparison.Ordinal) ? "thinking.budget_tokens" : null, call.Dropped);
    }

    [Theory]
    [InlineData("""{"type":"json_object"}""", "\"json\"")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object","properties":{"b":{"type":"integer"}}}}}""", """{"type":"object","properties":{"b":{"type":"integer"}}}""")]
    [InlineData("""{"type":"text"}""", null)]
    public void ResponseFormat_IsFormat(string format, string? expected)
    {
        using VendorCall call = Turns.Open("ollama", Request($"\"response_format\":{format}"));

        Assert.Equal(expected, Parse(call)["format"]?.ToJsonString());
        Assert.Null(call.Dropped);
    }

    [Theory]
    [InlineData("\"auto\"", "a,b", null)]
    [InlineData("\"none\"", "", null)]
    [InlineData("\"required\"", "a,b", "tool_choice")]
    [InlineData("""{"type":"function","function":{"name":"b"}}""", "b", "tool_choice")]
    [InlineData("""{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"a"}}]}}""", "a", null)]
    public void ToolChoice_IsSaidByTheListAsFarAsItCan(string choice, string offered, string? dropped)
    {
        using VendorCall call = Turns.Open("ollama", Request($$$$$$"""
            "tools":[{"type":"function","function":{"name":"a","description":"A.","parameters":{"type":"object","properties":{"x":{"type":"string"}}}}},{"type":"function","function":{"name":"b"}}],"tool_choice":{{{{{{choice}}}}}}
            """));

        JsonArray? tools = (JsonArray?)Parse(call)["tools"];
        Assert.Equal(offered, string.Join(',', tools?.Select(t => (string)t!["function"]!["name"]!) ?? []));
        Assert.Equal(dropped, call.Dropped);
    }

    [Fact]
    public void WhatOllamaCannotSay_IsNamed()
    {
        using VendorCall call = Turns.Open("ollama", """
            {"model":"x","messages":[{"role":"user","name":"kim","content":"Hi"}],"parallel_tool_calls":false,"service_tier":"flex",
             "tools":[{"type":"function","function":{"name":"a","strict":true}},{"type":"web_search"}]}
            """);
        Turns.Body(call);

        Assert.Equal("messages[0].name, parallel_tool_calls, tools[].function.strict, tools[1], service_tier", call.Dropped);
    }

    [Theory]
    [InlineData("""{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}""")]
    [InlineData("""{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}""")]
    [InlineData("""{"type":"file","file":{"file_id":"f-1"}}""")]
    public void Media_ThatItCannotRead_IsRefusedByItsPlace(string part)
    {
        using VendorCall call = Turns.Open("ollama", $$$"""{"model":"x","messages":[{"role":"user","content":[{{{part}}}]}]}""");

        var refused = Assert.Throws<CallRefusedException>(() => call.Write(0));
        Assert.Equal("messages[0].content[0]", refused.Failure.Param);
    }

    [Fact]
    public void TextFile_IsPutIntoTheMessage()
    {
        string body = Turns.Body("ollama", """{"model":"x","messages":[{"role":"user","content":[{"type":"text","text":"Read:"},{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,bGluZSAxCmxpbmUgMg=="}}]}]}""");

        Assert.Equal("Read:\nline 1\nline 2", (string?)JsonNode.Parse(body)!["messages"]![0]!["content"]);
    }

    [Theory]
    [InlineData("\"\"", "{}")]
    [InlineData("\"not json\"", "\"not json\"")]
    [InlineData("\"[1]\"", "\"[1]\"")]
    public void Arguments_ThatAreNoObject_ArePassedAsTheyAre(string arguments, string expected)
    {
        string body = Turns.Body("ollama", $$$"""{"model":"x","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{{{arguments}}}}}]}]}""");

        Assert.Equal(expected, JsonNode.Parse(body)!["messages"]![0]!["tool_calls"]![0]!["function"]!["arguments"]!.ToJsonString());
    }

    [Fact]
    public void SeveralAnswers_AreSeveralCalls()
    {
        using VendorCall call = Turns.Open("ollama", Request("\"n\":3"));
        Turns.Body(call);

        Assert.Equal(3, call.Requests);
        Assert.Null(call.Dropped);
        Assert.Equal("api/chat", call.Path);
        Assert.Same(EndpointKind.Chat, Turns.Exchange(Request("\"n\":3")).Endpoint);
    }

    private static string Request(string fields) => $$"""{"model":"x","messages":[{"role":"user","content":"Hi"}],{{fields}}}""";

    private static JsonNode Parse(VendorCall call) => JsonNode.Parse(Turns.Body(call))!;

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), actual);
}
