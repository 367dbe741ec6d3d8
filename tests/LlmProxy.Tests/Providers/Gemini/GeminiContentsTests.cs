using System.Text.Json.Nodes;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Providers.Gemini;

public sealed class GeminiContentsTests
{
    private static void Same(string expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual?.ToJsonString());

    [Fact]
    public void Write_SystemAndDeveloperAnywhere_BecomeInstructions()
    {
        JsonObject body = Google.Messages("""
            {"role":"system","content":"A"},{"role":"user","content":"U1"},{"role":"developer","content":[{"type":"text","text":"B \"q\""}]},{"role":"user","content":"U2 é😀"}
            """);
        Same("""{"parts":[{"text":"A"},{"text":"B \"q\""}]}""", body["systemInstruction"]);
        Same("""[{"role":"user","parts":[{"text":"U1"},{"text":"U2 é😀"}]}]""", body["contents"]);
    }

    [Fact]
    public void Write_InstructionsAlone_AreWhatIsSaid()
    {
        JsonObject body = Google.Messages("""{"role":"system","content":"A"}""");
        Assert.Null(body["systemInstruction"]);
        Same("""[{"role":"user","parts":[{"text":"A"}]}]""", body["contents"]);
    }

    [Fact]
    public void Write_ParallelCallsAndResults_StandTogetherByName()
    {
        JsonObject body = Google.Messages("""
            {"role":"user","content":"Go"},
            {"role":"assistant","content":"On it","tool_calls":[
              {"id":"a1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Ås\"}"},"extra_content":{"google":{"thought_signature":"c2ln"}}},
              {"id":"a2","type":"function","function":{"name":"clock","arguments":""}}]},
            {"role":"tool","tool_call_id":"a1","content":"{\"id\":12345678901234567890}"},
            {"role":"user","content":"hurry"},
            {"role":"tool","tool_call_id":"a2","content":[{"type":"text","text":"no"},{"type":"text","text":"clock"}],"is_error":true}
            """, "gemini-3-flash-preview");
        Same("""
            [{"role":"user","parts":[{"text":"Go"}]},
             {"role":"model","parts":[{"text":"On it"},
               {"functionCall":{"id":"a1","name":"weather","args":{"city":"Ås"}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"a2","name":"clock","args":{}}}]},
             {"role":"user","parts":[
               {"functionResponse":{"id":"a1","name":"weather","response":{"output":"{\"id\":12345678901234567890}"}}},
               {"functionResponse":{"id":"a2","name":"clock","response":{"error":"no\nclock"}}}]},
             {"role":"user","parts":[{"text":"hurry"}]}]
            """, body["contents"]);
    }

    [Fact]
    public void Write_CallsWithoutSignature_GetTheDocumentedValueFromGemini3On()
    {
        const string Calls = """
            {"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}
            """;
        JsonArray third = Google.Messages(Calls, "gemini-3-pro-preview")["contents"]![1]!["parts"]!.AsArray();
        Assert.Equal("skip_thought_signature_validator", (string?)third[0]!["thoughtSignature"]);
        Assert.Null(third[1]!["thoughtSignature"]);
        Assert.Null(Google.Messages(Calls)["contents"]![1]!["parts"]![0]!["thoughtSignature"]);
    }

    [Fact]
    public void Write_ArgumentsThatAreNoObject_StandInOne()
    {
        JsonObject body = Google.Messages("""{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{broken"}}]}""");
        Same("""{"arguments":"{broken"}""", body["contents"]![1]!["parts"]![0]!["functionCall"]!["args"]);
    }

    [Fact]
    public void Write_ResultWithoutItsCall_IsRefusedWithItsField()
    {
        LlmProxy.Providers.VendorFailure failure = Google.Refused("""{"model":"x","messages":[{"role":"user","content":"Hi"},{"role":"tool","tool_call_id":"zz","content":"1"}]}""");
        Assert.Equal(ErrorCode.InvalidValue, failure.Code);
        Assert.Equal("messages[1].tool_call_id", failure.Param);
        Assert.Contains("gemini", failure.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Write_ThinkingOfItsOwn_ComesBackWithTheSignatureOnTheText()
    {
        JsonObject body = Google.Messages("""
            {"role":"user","content":"Go"},
            {"role":"assistant","content":"Done","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"gemini:c2ln"}],"reasoning_content":"hm"},
            {"role":"user","content":"More"},
            {"role":"assistant","content":"Again","thinking_blocks":[{"type":"thinking","thinking":"other","signature":"foreign"},{"type":"redacted_thinking","data":"x"}]}
            """);
        Same("""{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Done","thoughtSignature":"c2ln"}]}""", body["contents"]![1]);
        Same("""{"role":"model","parts":[{"text":"other","thought":true},{"text":"Again"}]}""", body["contents"]![3]);
    }

    [Fact]
    public void Write_Media_GoesInlineOrByGooglesOwnAddresses()
    {
        JsonObject body = Google.Messages("""
            {"role":"user","content":[
              {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},
              {"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}},
              {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},
              {"type":"image_url","image_url":{"url":"gs://bucket/cat.webp"}},
              {"type":"file","file":{"file_id":"files/abc"}},
              {"type":"video_url","video_url":{"url":"https://www.youtube.com/watch?v=1"}}]}
            """);
        Same("""
            [{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},{"inlineData":{"mimeType":"audio/wav","data":"UklGRg=="}},
             {"inlineData":{"mimeType":"application/pdf","data":"JVBERi0="}},{"fileData":{"mimeType":"image/webp","fileUri":"gs://bucket/cat.webp"}},
             {"fileData":{"mimeType":"application/pdf","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}},
             {"fileData":{"mimeType":"video/mp4","fileUri":"https://www.youtube.com/watch?v=1"}}]
            """, body["contents"]![0]!["parts"]);
    }

    [Fact]
    public void Write_ImageInAResult_StandsInItFromGemini3OnAndBehindItBefore()
    {
        const string Messages = """
            {"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}
            """;
        const string Image = """{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}""";
        Same($"[{Image}]", Google.Messages(Messages, "gemini-3-pro-preview")["contents"]![2]!["parts"]![0]!["functionResponse"]!["parts"]);
        JsonNode before = Google.Messages(Messages)["contents"]!;
        Assert.Null(before[2]!["parts"]![0]!["functionResponse"]!["parts"]);
        Same($$"""{"role":"user","parts":[{{Image}}]}""", before[3]);
    }

    [Fact]
    public void Write_InTheCloud_CallsHaveNoIds()
    {
        JsonObject body = Google.Messages("""{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}""", provider: "vertex");
        Assert.Null(body["contents"]![1]!["parts"]![0]!["functionCall"]!["id"]);
        Assert.Null(body["contents"]![2]!["parts"]![0]!["functionResponse"]!["id"]);
    }

    [Fact]
    public void Write_WhatGoogleCannotSee_IsNamed()
    {
        const string Json = """{"model":"x","messages":[{"role":"user","name":"ann","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}]}]}""";
        using LlmProxy.Providers.VendorCall call = LlmProxy.Tests.Conversation.Turns.Open("gemini", Json, "gemini-2.5-flash");
        _ = LlmProxy.Tests.Conversation.Turns.Body(call);
        Assert.Equal("messages[].name, cache_control, messages[0].content[1].image_url.detail", call.Dropped);
    }

    [Theory]
    [InlineData("""{"role":"system","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"user","content":"Hi"}""", "messages[0].content[0]")]
    [InlineData("""{"role":"user","content":[{"type":"tomorrow","tomorrow":1}]}""", "messages[0].content[0]")]
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"file_id":"file-123"}}]}""", "messages[0].content[0]")]
    public void Write_PartsThatGoogleCannotTake_AreRefusedWithTheirField(string messages, string param) =>
        Assert.Equal(param, Google.Refused($$"""{"model":"x","messages":[{{messages}}]}""").Param);
}
