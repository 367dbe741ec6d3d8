using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Gemini;

public sealed class GeminiRequestTests
{
    private const string Tool = """{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}}}""";
    private const string Other = """{"type":"function","function":{"name":"g"}}""";

    private static void Same(string expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual?.ToJsonString());

    [Fact]
    public void Write_Settings_HaveGooglesNames()
    {
        JsonObject body = Google.With("""
            "temperature":0.5,"top_p":0.9,"top_k":40,"max_tokens":100,"stop":["a\n","b"],"seed":7,"presence_penalty":0.1,"frequency_penalty":-0.2,"n":2,"logprobs":true,"top_logprobs":3
            """);
        Same("""
            {"temperature":0.5,"topP":0.9,"presencePenalty":0.1,"frequencyPenalty":-0.2,"seed":7,"responseLogprobs":true,"logprobs":3,
             "stopSequences":["a\n","b"],"maxOutputTokens":100,"candidateCount":2,"topK":40}
            """, body["generationConfig"]);
        Assert.Null(body["model"]);
        Assert.Null(body["stream"]);
    }

    [Theory]
    [InlineData("\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"logit_bias\":{\"1\":2},\"service_tier\":\"scale\",\"store\":true", "user, metadata, logit_bias, service_tier, store")]
    [InlineData("\"seed\":99999999999", "seed")]
    [InlineData("\"parallel_tool_calls\":false,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":true}}]", "parallel_tool_calls, tools[].function.strict")]
    [InlineData("\"extra_body\":{\"google\":{\"thinking_config\":{\"thinking_budget\":5},\"tomorrow\":1}}", "extra_body.google.tomorrow")]
    [InlineData("\"temperature\":1,\"n\":1,\"tool_choice\":\"auto\",\"response_format\":{\"type\":\"text\"},\"parallel_tool_calls\":true", null)]
    public void Write_WhatGoogleDoesNotKnow_IsNamed(string members, string? dropped) => Assert.Equal(dropped, Google.Dropped(members));

    [Fact]
    public void Write_ThinkingForAModelThatDoesNot_IsNamed() => Assert.Equal("reasoning_effort", Google.Dropped("\"reasoning_effort\":\"low\"", "gemini-2.0-flash"));

    [Fact]
    public void Write_GooglesOwnFields_PassInEitherSpelling()
    {
        JsonObject body = Google.With("""
            "safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],"cachedContent":"cachedContents/1","media_resolution":"MEDIA_RESOLUTION_LOW",
            "extra_body":{"google":{"thinking_config":{"thinking_budget":5,"include_thoughts":true}}},"service_tier":"flex"
            """);
        Same("""[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]""", body["safetySettings"]);
        Assert.Equal("cachedContents/1", (string?)body["cachedContent"]);
        Assert.Equal("flex", (string?)body["serviceTier"]);
        Same("""{"mediaResolution":"MEDIA_RESOLUTION_LOW","thinkingConfig":{"thinking_budget":5,"include_thoughts":true}}""", body["generationConfig"]);
    }

    [Theory]
    [InlineData("gemini-2.5-flash", "\"reasoning_effort\":\"none\"", """{"thinkingBudget":0,"includeThoughts":false}""")]
    [InlineData("gemini-2.5-pro", "\"reasoning_effort\":\"none\"", """{"thinkingBudget":128,"includeThoughts":false}""")]
    [InlineData("gemini-2.5-flash", "\"reasoning_effort\":\"medium\"", """{"thinkingBudget":8192,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-pro", "\"reasoning_effort\":\"xhigh\"", """{"thinkingBudget":32768,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-lite", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":100}", """{"thinkingBudget":512,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash", "\"thinking\":{\"type\":\"adaptive\"}", """{"thinkingBudget":-1,"includeThoughts":true}""")]
    [InlineData("gemini-3-pro-preview", "\"reasoning_effort\":\"medium\"", """{"thinkingLevel":"high","includeThoughts":true}""")]
    [InlineData("gemini-3.1-pro-preview", "\"reasoning_effort\":\"medium\"", """{"thinkingLevel":"medium","includeThoughts":true}""")]
    [InlineData("gemini-3-flash-preview", "\"reasoning_effort\":\"none\"", """{"thinkingLevel":"minimal","includeThoughts":false}""")]
    [InlineData("gemini-3.1-pro-preview", "\"reasoning_effort\":\"minimal\"", """{"thinkingLevel":"low","includeThoughts":true}""")]
    [InlineData("gemini-flash-latest", "\"reasoning_effort\":\"high\"", """{"thinkingLevel":"high","includeThoughts":true}""")]
    [InlineData("gemini-3-flash-preview", "\"reasoning\":{\"max_tokens\":2000}", """{"thinkingBudget":2000,"includeThoughts":true}""")]
    public void Write_Thinking_IsALevelOrABudget(string model, string members, string config) => Same(config, Google.With(members, model)["generationConfig"]!["thinkingConfig"]);

    [Fact]
    public void Write_Tools_KeepTheirJsonSchema()
    {
        JsonObject body = Google.With($"\"tools\":[{Tool},{Other}]");
        Same("""
            [{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}},{"name":"g"}]}]
            """, body["tools"]);
        Assert.Null(body["toolConfig"]);
    }

    [Theory]
    [InlineData("\"auto\"", """{"mode":"AUTO"}""")]
    [InlineData("\"none\"", """{"mode":"NONE"}""")]
    [InlineData("\"required\"", """{"mode":"ANY"}""")]
    [InlineData("""{"type":"function","function":{"name":"g"}}""", """{"mode":"ANY","allowedFunctionNames":["g"]}""")]
    public void Write_ToolChoice_InAllForms(string choice, string config) =>
        Same(config, Google.With($"\"tools\":[{Tool},{Other}],\"tool_choice\":{choice}")["toolConfig"]!["functionCallingConfig"]);

    [Fact]
    public void Write_AllowedTools_AreTheOnlyOnesShown()
    {
        JsonObject body = Google.With($$$"""
            "tools":[{{{Tool}}},{{{Other}}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}}
            """);
        Same("""[{"functionDeclarations":[{"name":"g"}]}]""", body["tools"]);
        Same("""{"mode":"AUTO"}""", body["toolConfig"]!["functionCallingConfig"]);
    }

    [Fact]
    public void Write_GooglesOwnTools_HaveTheirNames()
    {
        JsonObject body = Google.With("""
            "tools":[{"type":"google_search"},{"type":"code_execution"},{"type":"google_maps","google_maps":{"enableWidget":true}},{"type":"web_search_preview"},{"type":"url_context"}]
            """);
        Same("""[{"googleSearch":{}},{"codeExecution":{}},{"googleMaps":{"enableWidget":true}},{"googleSearch":{}},{"urlContext":{}}]""", body["tools"]);
        Same("""[{"googleSearch":{}}]""", Google.With("\"web_search_options\":{}")["tools"]);
        Assert.Equal("tools[0].user_location", Google.Dropped("""   "tools":[{"type":"web_search","user_location":{"city":"x"}}]   """));
        Assert.Equal("tools[0].type", Google.Refused("""{"model":"x","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"image_generation"}]}""").Param);
    }

    [Fact]
    public void Write_Formats_AreNative()
    {
        Same("""{"responseMimeType":"application/json"}""", Google.With("\"response_format\":{\"type\":\"json_object\"}")["generationConfig"]);
        Same("""{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","additionalProperties":false}}""",
            Google.With("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":{\"type\":\"object\",\"additionalProperties\":false}}}")["generationConfig"]);
    }

    [Fact]
    public void Write_SchemaBesideTools_IsAnotherToolBeforeGemini3()
    {
        const string Members = """
            "tools":[{"type":"function","function":{"name":"g"}}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}
            """;
        JsonObject before = Google.With(Members);
        Assert.Null(before["generationConfig"]!["responseMimeType"]);
        Assert.Equal("give_answer", (string?)before["tools"]![0]!["functionDeclarations"]![1]!["name"]);
        Assert.Equal("ANY", (string?)before["toolConfig"]!["functionCallingConfig"]!["mode"]);
        JsonObject third = Google.With(Members, "gemini-3-pro-preview");
        Assert.NotNull(third["generationConfig"]!["responseJsonSchema"]);
        Assert.Single(third["tools"]![0]!["functionDeclarations"]!.AsArray());
        Assert.Equal("response_format", Google.Dropped("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}],\"response_format\":{\"type\":\"json_object\"}"));
    }

    [Fact]
    public void Write_AnswersOfOtherKinds_AreRefusedUnlessGoogleHasThem()
    {
        Same("""["TEXT","IMAGE"]""", Google.With("\"modalities\":[\"text\",\"image\"]")["generationConfig"]!["responseModalities"]);
        Assert.Equal("modalities", Google.Refused("""{"model":"x","messages":[{"role":"user","content":"Hi"}],"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"}}""").Param);
        Assert.Equal("stop", Google.Refused("""{"model":"x","messages":[{"role":"user","content":"Hi"}],"stop":["1","2","3","4","5","6"]}""").Param);
    }
}
