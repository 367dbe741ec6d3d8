using System.Text.Json.Nodes;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Bedrock;

public sealed class BedrockRequestTests
{
    private const string Claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    private const string OldClaude = "anthropic.claude-3-7-sonnet-20250219-v1:0";
    private const string Nova = "amazon.nova-pro-v1:0";
    private const string Llama = "us.meta.llama3-3-70b-instruct-v1:0";

    [Theory]
    [InlineData("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse")]
    [InlineData("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12", "model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12/converse")]
    public void Path_IdsAndArns_AreOneSegment(string model, string path)
    {
        Assert.Equal(path, Turns.Open("bedrock", Ask(""), model).Path);
        Assert.Equal(path + "-stream", Turns.Open("bedrock", Ask("\"stream\":true,"), model).Path);
    }

    [Fact]
    public void Write_PlainTalk_HasSystemAlternatingTurnsAndLimits() => Same(
        """
        {"messages":[{"role":"user","content":[{"text":"one"},{"text":"two"}]},{"role":"assistant","content":[{"text":"three"}]},{"role":"user","content":[{"text":"four"}]}],
         "system":[{"text":"be kind"},{"text":"be brief"}],
         "inferenceConfig":{"maxTokens":50,"temperature":0.5,"topP":0.9,"stopSequences":["END"]}}
        """,
        """
        {"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"one"},{"role":"user","content":"two"},{"role":"assistant","content":"three"},
          {"role":"developer","content":"be brief"},{"role":"user","content":"four"}],"max_tokens":50,"temperature":0.5,"top_p":0.9,"stop":"END"}
        """,
        Llama);

    [Fact]
    public void Write_ToolTalk_MergesParallelResultsIntoOneUserTurn() => Same(
        """
        {"messages":[{"role":"user","content":[{"text":"weather?"}]},
          {"role":"assistant","content":[{"toolUse":{"toolUseId":"c1","name":"w","input":{"city":"Köln"}}},{"toolUse":{"toolUseId":"c2","name":"w","input":{}}}]},
          {"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"rain"}]}},{"toolResult":{"toolUseId":"c2","content":[{"text":"(no output)"}]}},{"text":"and?"}]}],
         "inferenceConfig":{},
         "toolConfig":{"tools":[{"toolSpec":{"name":"w","description":"Weather.","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"}}}}}}],"toolChoice":{"any":{}}}}
        """,
        """
        {"messages":[{"role":"user","content":"weather?"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{\"city\":\"Köln\"}"}},{"id":"c2","type":"function","function":{"name":"w","arguments":""}}]},
          {"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"tool","tool_call_id":"c2","content":""},{"role":"user","content":"and?"}],
         "tools":[{"type":"function","function":{"name":"w","description":"Weather.","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"required"}
        """,
        Nova);

    [Theory]
    [InlineData("\"auto\"", """{"auto":{}}""")]
    [InlineData("\"required\"", """{"any":{}}""")]
    [InlineData("""{"type":"function","function":{"name":"w"}}""", """{"tool":{"name":"w"}}""")]
    public void Write_ToolChoice_IsConverses(string choice, string expected)
    {
        JsonNode body = Body(Ask($$"""{{Tools}}"tool_choice":{{choice}},"""), Nova);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), body["toolConfig"]!["toolChoice"]));
    }

    [Fact]
    public void Write_ToolChoiceNone_LeavesTheToolsOut()
    {
        (JsonNode body, string? dropped) = Sent(Ask(Tools + "\"tool_choice\":\"none\","), Nova);

        Assert.Null(body["toolConfig"]);
        Assert.Null(dropped);
    }

    [Fact]
    public void Write_ToolChoiceNoneAfterCalls_KeepsTheToolsAndSaysSo()
    {
        const string Json = """
            {"model":"m","tool_choice":"none","tools":[{"type":"function","function":{"name":"w"}}],"messages":[{"role":"user","content":"x"},
              {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"y"}]}
            """;
        (JsonNode body, string? dropped) = Sent(Json, Nova);

        Assert.Equal("w", (string?)body["toolConfig"]!["tools"]![0]!["toolSpec"]!["name"]);
        Assert.Null(body["toolConfig"]!["toolChoice"]);
        Assert.Equal("tool_choice", dropped);
    }

    [Fact]
    public void Write_HistoryOfCallsWithoutTools_NamesTheirTools()
    {
        const string Json = """
            {"model":"m","messages":[{"role":"user","content":"x"},
              {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"not json"}}]},{"role":"tool","tool_call_id":"c1","content":"y"}]}
            """;
        JsonNode body = Body(Json, Nova);

        Assert.Equal("w", (string?)body["toolConfig"]!["tools"]![0]!["toolSpec"]!["name"]);
        Assert.Equal("not json", (string?)body["messages"]![1]!["content"]![0]!["toolUse"]!["input"]!["arguments"]);
    }

    [Fact]
    public void Write_ToolChoiceOfAModelWithoutIt_IsDroppedByName()
    {
        (JsonNode body, string? dropped) = Sent(Ask(Tools + "\"tool_choice\":\"required\","), Llama);

        Assert.NotNull(body["toolConfig"]!["tools"]);
        Assert.Null(body["toolConfig"]!["toolChoice"]);
        Assert.Equal("tool_choice", dropped);
    }

    [Fact]
    public void Write_ThinkingOfClaude_GoesBackWithItsSignatures()
    {
        const string Json = """
            {"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","reasoning_content":"hm","thinking_blocks":[
              {"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"aGlk"}]},{"role":"user","content":"z"}]}
            """;
        (JsonNode body, string? dropped) = Sent(Json, Claude);

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"aGlk"}},{"text":"y"}]"""),
            body["messages"]![1]!["content"]), body.ToJsonString());
        Assert.Null(dropped);
        Assert.Equal("messages[].thinking_blocks", Sent(Json, Llama).Dropped);
    }

    [Fact]
    public void Write_ThinkingWish_IsClaudesBudget()
    {
        JsonNode body = Body(Ask("\"max_tokens\":8000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},"), OldClaude);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"thinking":{"type":"enabled","budget_tokens":2000}}"""), body["additionalModelRequestFields"]), body.ToJsonString());
        Assert.Equal(8000, (int)body["inferenceConfig"]!["maxTokens"]!);
    }

    [Fact]
    public void Write_EffortWithoutLimit_LeavesRoomForAnAnswer()
    {
        JsonNode body = Body(Ask("\"reasoning_effort\":\"high\",\"temperature\":0.3,"), OldClaude);

        int budget = (int)body["additionalModelRequestFields"]!["thinking"]!["budget_tokens"]!;
        Assert.True((int)body["inferenceConfig"]!["maxTokens"]! > budget);
        Assert.Null(body["inferenceConfig"]!["temperature"]);
    }

    [Theory]
    [InlineData("openai.gpt-oss-120b-1:0", """{"reasoning_effort":"high"}""")]
    [InlineData("global.amazon.nova-2-lite-v1:0", """{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}""")]
    public void Write_Effort_IsInTheFamilysWords(string model, string expected) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), Body(Ask("\"reasoning_effort\":\"high\","), model)["additionalModelRequestFields"]));

    [Fact]
    public void Write_WhatTheModelCannotBeTold_IsNamed() => Assert.Equal(
        "logit_bias, presence_penalty, reasoning_effort, seed, user",
        Ordered(Sent(Ask("\"seed\":1,\"user\":\"u\",\"logit_bias\":{\"1\":2},\"presence_penalty\":0.5,\"reasoning_effort\":\"low\","), Llama).Dropped));

    [Fact]
    public void Write_SchemaOfANewModel_IsNative()
    {
        JsonNode body = Body(Ask("""
            "response_format":{"type":"json_schema","json_schema":{"name":"person","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}},
            """), Claude);

        JsonNode format = body["outputConfig"]!["textFormat"]!;
        Assert.Equal("json_schema", (string?)format["type"]);
        Assert.Equal("person", (string?)format["structure"]!["jsonSchema"]!["name"]);
        Assert.Equal("integer", (string?)JsonNode.Parse((string)format["structure"]!["jsonSchema"]!["schema"]!)!["properties"]!["a"]!["type"]);
        Assert.Null(body["toolConfig"]);
    }

    [Fact]
    public void Write_SchemaOfAnOldModel_IsAForcedTool()
    {
        JsonNode body = Body(Ask("""
            "response_format":{"type":"json_schema","json_schema":{"name":"person","schema":{"type":"object","properties":{"a":{"type":"integer"}}}}},
            """), OldClaude);

        Assert.Equal("answer_as_json", (string?)body["toolConfig"]!["toolChoice"]!["tool"]!["name"]);
        Assert.Equal("integer", (string?)body["toolConfig"]!["tools"]![0]!["toolSpec"]!["inputSchema"]!["json"]!["properties"]!["a"]!["type"]);
    }

    [Fact]
    public void Write_SchemaWhereNoToolCanBeForced_IsWords()
    {
        JsonNode body = Body(Ask("\"response_format\":{\"type\":\"json_object\"},"), Llama);

        Assert.Contains("JSON object", (string?)body["system"]![0]!["text"], StringComparison.Ordinal);
        Assert.Null(body["toolConfig"]);
    }

    [Fact]
    public void Write_CacheMarks_BecomePointsBehindTheirBlocks()
    {
        const string Json = """
            {"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]},
              {"role":"user","content":[{"type":"text","text":"u","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"v"}]}]}
            """;
        JsonNode body = Body(Json, Claude);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""[{"text":"s"},{"cachePoint":{"type":"default"}}]"""), body["system"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""[{"text":"u"},{"cachePoint":{"type":"default","ttl":"1h"}},{"text":"v"}]"""), body["messages"]![0]!["content"]));
        Assert.Equal("messages[].cache_control", Sent(Json, Llama).Dropped);
    }

    [Fact]
    public void Write_Media_AreBytesWithFormatsAndLawfulNames()
    {
        const string Json = """
            {"model":"m","messages":[{"role":"user","content":[
              {"type":"image_url","image_url":{"url":"data:image/jpeg;base64,iVBORw0KGgoAAAA="}},
              {"type":"file","file":{"filename":"Plan_2026  (final).pdf","file_data":"data:application/pdf;base64,JVBERi0="}},
              {"type":"file","file":{"filename":"Plan_2026  (final).pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]}
            """;
        JsonNode content = Body(Json, Claude)["messages"]![0]!["content"]!;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            [{"image":{"format":"png","source":{"bytes":"iVBORw0KGgoAAAA="}}},
             {"document":{"format":"pdf","name":"Plan 2026 (final)","source":{"bytes":"JVBERi0="}}},
             {"document":{"format":"pdf","name":"Plan 2026 (final) 2","source":{"bytes":"JVBERi0="}}},{"text":"..."}]
            """), content), content.ToJsonString());
    }

    [Fact]
    public void Write_FailedTool_SaysSo()
    {
        const string Json = """
            {"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"w","input":{}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","is_error":true,"content":"broken"}]}]}
            """;
        JsonNode result = JsonNode.Parse(Turns.Body("bedrock", Json, Claude, LlmProxy.Endpoints.EndpointKind.Messages))!["messages"]![2]!["content"]![0]!["toolResult"]!;

        Assert.Equal("error", (string?)result["status"]);
        Assert.Equal("broken", (string?)result["content"]![0]!["text"]);
    }

    [Fact]
    public void Write_ConversesOwnFields_Pass()
    {
        (JsonNode body, string? dropped) = Sent(Ask("""
            "guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"},"performanceConfig":{"latency":"optimized"},"additionalModelRequestFields":{"x":1},
            "service_tier":"priority","metadata":{"team":"a b"},"top_k":5,
            """), Claude);

        Assert.Equal("g", (string?)body["guardrailConfig"]!["guardrailIdentifier"]);
        Assert.Equal("optimized", (string?)body["performanceConfig"]!["latency"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"x":1,"top_k":5}"""), body["additionalModelRequestFields"]));
        Assert.Equal("priority", (string?)body["serviceTier"]!["type"]);
        Assert.Equal("a b", (string?)body["requestMetadata"]!["team"]);
        Assert.Null(dropped);
    }

    [Fact]
    public void Write_MetadataThatIsNoLabel_IsDropped()
    {
        Assert.Equal("metadata", Sent(Ask("\"metadata\":{\"a\":\"ü\"},"), Claude).Dropped);
        Assert.Equal("metadata", Sent(Ask("\"metadata\":{\"a\":{}},"), Claude).Dropped);
    }

    private const string Tools = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"w\"}}],";

    private static string Ask(string fields) => "{" + fields.Trim() + """ "model":"m","messages":[{"role":"user","content":"hi"}]}""";

    private static JsonNode Body(string json, string model) => Sent(json, model).Body;

    private static (JsonNode Body, string? Dropped) Sent(string json, string model)
    {
        using VendorCall call = Turns.Open("bedrock", json, model);
        string body = Turns.Body(call);
        return (JsonNode.Parse(body)!, call.Dropped);
    }

    private static void Same(string expected, string json, string model)
    {
        JsonNode body = Body("{\"model\":\"m\"," + json.Trim()[1..], model);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), body), body.ToJsonString());
    }

    private static string Ordered(string? names) => string.Join(", ", names!.Split(", ").Order(StringComparer.Ordinal));
}
