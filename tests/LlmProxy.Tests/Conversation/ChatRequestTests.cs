using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Conversation;

public sealed class ChatRequestTests
{
    [Fact]
    public void Chat_MessagesOfEveryRole_AreReadInOrder()
    {
        ChatRequest chat = Read("""
            {"model":"m","messages":[
              {"role":"system","content":"Be short."},
              {"role":"developer","content":[{"type":"text","text":"Be \"kind\"."}]},
              {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO\/Rw0=","detail":"low"}}]},
              {"role":"assistant","content":null,"reasoning_content":"Hm.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"},"extra_content":{"google":{"thought_signature":"sig"}}}],
               "thinking_blocks":[{"type":"thinking","thinking":"Hm.","signature":"s1"},{"type":"redacted_thinking","data":"x"}]},
              {"role":"tool","tool_call_id":"call_1","content":"a cat"}]}
            """);

        Assert.Equal([ChatRole.System, ChatRole.Developer, ChatRole.User, ChatRole.Assistant, ChatRole.Tool], chat.Messages.Select(m => m.Role));
        Assert.Equal("Be \"kind\".", chat.Messages[1].Parts[0].Text.ToString());
        MediaSource image = chat.Messages[2].Parts[1].Media!;
        Assert.Equal(("image/png", "iVBO/Rw0=", "low"), (image.MediaType, Encoding.ASCII.GetString(image.Base64.Span), image.Detail));
        ToolCall call = Assert.Single(chat.Messages[3].ToolCalls);
        Assert.Equal(("call_1", "look", """{"at":1}""", "sig"), (call.Id.ToString(), call.Name.ToString(), call.Arguments.ToString(), call.GoogleSignature.ToString()));
        Assert.Equal(["s1", ""], chat.Messages[3].Thinking.Select(block => block.Signature.ToString()));
        Assert.Equal("x", chat.Messages[3].Thinking[1].Sealed.ToString());
        Assert.Equal("call_1", chat.Messages[4].ToolCallId.ToString());
    }

    [Fact]
    public void Chat_SettingsOfEveryKind_AreReadAndListed()
    {
        ChatRequest chat = Read("""
            {"messages":[{"role":"user","content":"x"}],"max_completion_tokens":7,"stop":["a","b"],"n":2,"reasoning_effort":"low","thinking":{"type":"enabled","budget_tokens":99},
             "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,"user":"u","temperature":0.5,"stream_options":{"include_usage":true},
             "response_format":{"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{"type":"object"}}},
             "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"web_search"}]}
            """);

        Assert.Equal(7, chat.MaxTokens);
        Assert.Equal(["a", "b"], chat.Stop.Select(s => s.ToString()));
        Assert.Equal(2, chat.Choices);
        Assert.Equal(new ThinkingWish { Effort = "low", Budget = 99, Enabled = true }, chat.Thinking);
        Assert.Equal((ToolChoiceKind.Named, "f"), (chat.ToolChoice.Kind, chat.ToolChoice.Name.ToString()));
        Assert.False(chat.ParallelToolCalls);
        Assert.True(chat.WantsUsage);
        Assert.Equal((AnswerFormatKind.JsonSchema, "s", true), (chat.Format.Kind, chat.Format.Name.ToString(), chat.Format.Strict));
        Assert.Equal(["f", ""], chat.Tools.Select(t => t.Name.ToString()));
        Assert.Equal("web_search", chat.Tools[1].NativeType);
        Assert.Contains(chat.Fields, f => f is { Name: "max_tokens", ClientName: "max_completion_tokens" });
        Assert.Contains(chat.Fields, f => f.Name == "temperature");
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"boss","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},{"content":"x"}]}""", "messages[1].role")]
    [InlineData("""{"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"text":"x"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x/y"}}]}]}""", "messages[0].content[0]")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"n":0}""", "n")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":"many"}""", "max_tokens")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"huge"}""", "reasoning_effort")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tool_choice":"maybe"}""", "tool_choice")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}""", "tools[0].function.name")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"yaml"}}""", "response_format.type")]
    public void Chat_WhatMeansNothing_IsTheCallersMistakeByName(string json, string param)
    {
        Exchange exchange = Turns.Exchange(json);

        VendorFailure failure = Assert.Throws<CallRefusedException>(() => exchange.ReadChat()).Failure;
        Assert.Equal((param, 400, true), (failure.Param, failure.Status, failure.IsFinal));
    }

    [Fact]
    public void FieldUse_WhatWasNotTaken_IsNamedByTheClientsWord()
    {
        ChatRequest chat = Read("""{"messages":[{"role":"user","content":"x"}],"temperature":1,"max_completion_tokens":5,"seed":7,"n":1,"logit_bias":{},"store":false,"stream":true}""");
        var fields = new FieldUse(chat.Fields);

        Assert.Equal("1", Encoding.UTF8.GetString(fields.Take("temperature").Span));
        fields.Drop("messages[0].name");

        Assert.Equal("messages[0].name, max_completion_tokens, seed", fields.Dropped());
    }

    private static ChatRequest Read(string json) => Turns.Exchange(json).ReadChat();
}
