using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.Responses;

/// <summary>What a Responses request means in a conversation of no dialect.</summary>
public sealed class ResponsesReaderTests
{
    [Fact]
    public void Input_AsText_IsOneMessageBehindTheInstructions()
    {
        ChatRequest request = Read("""{"input":"Hi \"you\"","instructions":"Be brief."}""");

        Assert.Equal([ChatRole.System, ChatRole.User], request.Messages.Select(m => m.Role));
        Assert.Equal(["Be brief.", "Hi \"you\""], request.Messages.Select(m => m.Parts[0].Text.ToString()));
        Assert.True(request.WantsUsage);
    }

    [Fact]
    public void Items_OfOneTurnOfTheAssistant_AreOneMessage()
    {
        ChatRequest request = Read("""
            {"input":[
              {"role":"user","content":"Weather?"},
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Two "},{"type":"summary_text","text":"cities."}],"encrypted_content":"lp1:t:c2ln"},
              {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"lp1:r:ZGF0YQ"},
              {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"I look.","annotations":[]}]},
              {"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"lp1:g:Z29v"},
              {"type":"function_call","id":"fc_1","call_id":"a","name":"w","arguments":"{\"c\":1}"},
              {"type":"function_call","call_id":"b","name":"w","arguments":"{}"},
              {"type":"function_call_output","call_id":"a","output":"sun"},
              {"type":"function_call_output","call_id":"b","output":[{"type":"input_text","text":"rain"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"}]}]}
            """);

        Assert.Equal([ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.Tool], request.Messages.Select(m => m.Role));
        ChatMessage assistant = request.Messages[1];
        Assert.Equal("I look.", assistant.Parts[0].Text.ToString());
        Assert.Equal([("Two cities.", "c2ln", ""), ("", "", "ZGF0YQ")], assistant.Thinking.Select(t => (t.Text.ToString(), t.Signature.ToString(), t.Sealed.ToString())));
        Assert.Equal("Two cities.", assistant.ReasoningText.ToString());
        Assert.Equal([("a", "{\"c\":1}", "Z29v"), ("b", "{}", "")], assistant.ToolCalls.Select(c => (c.Id.ToString(), c.Arguments.ToString(), c.GoogleSignature.ToString())));
        Assert.Equal(["a", "b"], request.Messages.Skip(2).Select(m => m.ToolCallId.ToString()));
        Assert.Equal([PartKind.Text, PartKind.Image], request.Messages[3].Parts.Select(p => p.Kind));
        Assert.Equal(("image/png", "low"), (request.Messages[3].Parts[1].Media!.MediaType, request.Messages[3].Parts[1].Media!.Detail));
        Assert.Empty(request.Fields);
    }

    [Fact]
    public void Thinking_OfOurOwnAnswer_ComesBackAsItWas()
    {
        ChatTurn turn = ResponseTeller.Turn("""{"input":"x"}""");
        string output = ResponseTeller.Whole(turn, sink =>
        {
            sink.Reasoning("Hm\\n."u8);
            sink.Signature("s+/=1"u8);
            sink.Signature("r=="u8, isSealed: true);
            sink.ToolStart(0, "c"u8, "f"u8, "g=="u8);
            sink.ToolArguments(0, "{}"u8);
            sink.Finish(FinishReason.ToolCalls);
            sink.End();
        })["output"]!.ToJsonString();

        ChatMessage assistant = Assert.Single(Read($$"""{"input":{{output}}}""").Messages);

        Assert.Equal([("Hm\n.", "s+/=1", ""), ("", "", "r==")], assistant.Thinking.Select(t => (t.Text.ToString(), t.Signature.ToString(), t.Sealed.ToString())));
        Assert.Equal("g==", assistant.ToolCalls[0].GoogleSignature.ToString());
    }

    [Fact]
    public void Media_IsFoundInAllItsForms()
    {
        ChatRequest request = Read("""
            {"input":[{"role":"user","content":[
              {"type":"input_image","image_url":"https://a.example/i.png","detail":"high"},
              {"type":"input_image","file_id":"file-1"},
              {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"},
              {"type":"input_file","file_url":"https://a.example/b.pdf"},
              {"type":"input_file","file_id":"file-2"},
              {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]}
            """);

        MediaSource[] media = [.. request.Messages[0].Parts.Select(p => p.Media!)];
        Assert.Equal(("https://a.example/i.png", "high"), (media[0].Url, media[0].Detail));
        Assert.Equal("file-1", media[1].FileId);
        Assert.Equal(("a.pdf", "application/pdf", 4), (media[2].FileName, media[2].MediaType, media[2].Base64.Length));
        Assert.Equal("https://a.example/b.pdf", media[3].Url);
        Assert.Equal("file-2", media[4].FileId);
        Assert.Equal("audio/wav", media[5].MediaType);
    }

    [Fact]
    public void Settings_HaveTheirMeaningAndChatsNames()
    {
        ChatRequest request = Read("""
            {"input":"x","max_output_tokens":50,"temperature":0.5,"parallel_tool_calls":false,"user":"u","safety_identifier":"s",
             "text":{"verbosity":"low","format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object"}}},
             "reasoning":{"effort":"high","summary":"auto"},"include":["reasoning.encrypted_content","message.output_text.logprobs"],"top_logprobs":3,
             "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true}],
             "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]},"metadata":{"a":"b"},"background":false,"stream_options":{"include_obfuscation":false}}
            """);

        Assert.Equal((50L, false, "high", "u"), (request.MaxTokens, request.ParallelToolCalls, request.Thinking.Effort, request.User.ToString()));
        Assert.Equal((AnswerFormatKind.JsonSchema, "n", true), (request.Format.Kind, request.Format.Name.ToString(), request.Format.Strict));
        Assert.Equal(("f", "d", true), (request.Tools[0].Name.ToString(), request.Tools[0].Description.ToString(), request.Tools[0].Strict));
        Assert.Equal((ToolChoiceKind.Required, "f"), (request.ToolChoice.Kind, Assert.Single(request.ToolChoice.Allowed!)));
        Assert.Equal(
            ["max_tokens", "temperature", "parallel_tool_calls", "user", "safety_identifier", "verbosity", "response_format", "reasoning_effort", "logprobs", "top_logprobs", "tools", "tool_choice"],
            request.Fields.Select(f => f.Name));
    }

    [Theory]
    [InlineData("\"auto\"", ToolChoiceKind.Auto)]
    [InlineData("\"none\"", ToolChoiceKind.None)]
    [InlineData("\"required\"", ToolChoiceKind.Required)]
    [InlineData("{\"type\":\"function\",\"name\":\"f\"}", ToolChoiceKind.Named)]
    [InlineData("{\"type\":\"custom\",\"name\":\"f\"}", ToolChoiceKind.Named)]
    internal void ToolChoice_InEachForm_IsUnderstood(string choice, ToolChoiceKind kind) =>
        Assert.Equal(kind, Read($$"""{"input":"x","tool_choice":{{choice}}}""").ToolChoice.Kind);

    [Fact]
    public void WhatNoVendorCanSay_IsNamedAsDropped()
    {
        using VendorCall call = Turns.Open("together", """
            {"input":[{"role":"user","content":"x"},{"type":"web_search_call","id":"ws_1","status":"completed"},{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}],
             "tools":[{"type":"function","name":"f","parameters":{}},{"type":"web_search"},{"type":"custom","name":"c","format":{"type":"grammar","syntax":"lark","definition":"x"}}],
             "max_tool_calls":3,"include":["file_search_call.results"],"store":true,"reasoning":{"context":"all"}}
            """, endpoint: EndpointKind.Responses);
        _ = Turns.Body(call);

        string[] dropped = call.Dropped!.Split(", ");
        Assert.Equal(
            ["include[file_search_call.results]", "input[1] (web_search_call)", "input[2].encrypted_content", "max_tool_calls", "reasoning.context", "store", "tools[1] (web_search)", "tools[2].format"],
            dropped.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void CustomTools_AreFunctionsOfOneText()
    {
        ChatRequest request = Read("""
            {"input":[{"type":"custom_tool_call","call_id":"c","name":"patch","input":"a \"b\"\n"},{"type":"custom_tool_call_output","call_id":"c","output":"done"}],
             "tools":[{"type":"custom","name":"patch","description":"d","format":{"type":"text"}}]}
            """);

        Assert.Equal(("patch", "d", null), (request.Tools[0].Name.ToString(), request.Tools[0].Description.ToString(), request.Tools[0].NativeType));
        Assert.Equal("""{"input":"a \"b\"\n"}""", request.Messages[0].ToolCalls[0].Arguments.ToString());
        Assert.Equal(ChatRole.Tool, request.Messages[1].Role);
        Assert.Single(request.Fields);
    }

    [Theory]
    [InlineData("\"previous_response_id\":\"resp_1\"", "previous_response_id")]
    [InlineData("\"conversation\":\"conv_1\"", "conversation")]
    [InlineData("\"prompt\":{\"id\":\"pmpt_1\"}", "prompt")]
    [InlineData("\"background\":true", "background")]
    [InlineData("\"tool_choice\":{\"type\":\"web_search_preview\"}", "tool_choice")]
    public void WhatNeedsOpenAisStore_IsRefused_AndAnotherLlmMayTakeIt(string field, string param)
    {
        VendorFailure failure = Refusal($$"""{"input":"x",{{field}}}""");

        Assert.Equal((ErrorCode.InvalidValue, param, false), (failure.Code, failure.Param, failure.IsFinal));
        Assert.Contains("Responses API", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"type":"item_reference","id":"msg_1"}]""", "input[0]")]
    [InlineData("""[{"id":"msg_1"}]""", "input[0]")]
    public void ItemsKeptElsewhere_AreRefused(string input, string param) => Assert.Equal(param, Refusal($$"""{"input":{{input}}}""").Param);

    [Theory]
    [InlineData("""{"instructions":"x"}""", "input")]
    [InlineData("""{"input":5}""", "input")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":["x"]}""", "input[0]")]
    [InlineData("""{"input":[{"content":"x"}]}""", "input[0].type")]
    [InlineData("""{"input":[{"role":"owner","content":"x"}]}""", "input[0].role")]
    [InlineData("""{"input":[{"role":"user"}]}""", "input[0].content")]
    [InlineData("""{"input":[{"role":"user","content":[{"text":"x"}]}]}""", "input[0].content[0].type")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_text"}]}]}""", "input[0].content[0].text")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_image"}]}]}""", "input[0].content[0].image_url")]
    [InlineData("""{"input":[{"type":"function_call","name":"f","arguments":"{}"}]}""", "input[0].call_id")]
    [InlineData("""{"input":[{"type":"function_call_output","output":"x"}]}""", "input[0].call_id")]
    [InlineData("""{"input":[{"type":"function_call_output","call_id":"c"}]}""", "input[0].output")]
    [InlineData("""{"input":"x","max_output_tokens":0}""", "max_output_tokens")]
    [InlineData("""{"input":"x","tools":[{"type":"function"}]}""", "tools[0].name")]
    [InlineData("""{"input":"x","tools":[{"name":"f"}]}""", "tools[0].type")]
    [InlineData("""{"input":"x","tool_choice":"maybe"}""", "tool_choice")]
    [InlineData("""{"input":"x","text":{"format":{"type":"xml"}}}""", "text.format.type")]
    [InlineData("""{"input":"x","text":{"format":{"type":"json_schema","name":"n"}}}""", "text.format.schema")]
    [InlineData("""{"input":"x","reasoning":{"effort":"huge"}}""", "reasoning.effort")]
    [InlineData("""{"input":"x","instructions":["x"]}""", "instructions")]
    public void Mistake_IsTheCallersOwn_AndNamesItsPlace(string body, string param)
    {
        VendorFailure failure = Refusal(body);

        Assert.Equal((param, true), (failure.Param, failure.IsFinal));
    }

    private static ChatRequest Read(string body) => Turns.Exchange(body, EndpointKind.Responses).ReadChat();

    private static VendorFailure Refusal(string body) =>
        Assert.Throws<CallRefusedException>(() => Turns.Exchange(body, EndpointKind.Responses).ReadChat()).Failure;
}
