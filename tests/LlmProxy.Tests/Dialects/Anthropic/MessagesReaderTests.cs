using System.Text.Json.Nodes;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.Anthropic;

/// <summary>A Messages request as the conversation that other vendors are told.</summary>
public sealed class MessagesReaderTests
{
    [Fact]
    public void Request_OfEveryBlock_IsReadInOrder()
    {
        ChatRequest chat = Read("""
            {"model":"m","max_tokens":100,"messages":[
              {"role":"user","content":[{"type":"text","text":"See \"this\".","cache_control":{"type":"ephemeral"}},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
                {"type":"image","source":{"type":"url","url":"https://pictures.example/a.png"}},
                {"type":"document","title":"Notes","context":"old","source":{"type":"text","media_type":"text/plain","data":"Hello"}},
                {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}},
                {"type":"document","source":{"type":"content","content":[{"type":"text","text":"chunk"}]}},
                {"type":"search_result","title":"T","source":"https://s.example","content":[{"type":"text","text":"found"}]},
                {"type":"container_upload","file_id":"f"}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"s1"},{"type":"redacted_thinking","data":"xx"},{"type":"text","text":"Let me look."},
                {"type":"tool_use","id":"toolu_1","name":"look","input":{"at": 1, "q":"\"x\""}}]},
              {"role":"user","content":[{"type":"text","text":"And?"},{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"BBBB"}}]}]},
              {"role":"system","content":"Be quick."},
              {"role":"assistant","content":"Well"}],
             "system":[{"type":"text","text":"Be short."},{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}]}
            """);

        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.User, ChatRole.System, ChatRole.Assistant], chat.Messages.Select(m => m.Role));
        Assert.Equal(["Be short.", "Be kind."], chat.Messages[0].Parts.Select(p => p.Text.ToString()));
        Assert.False(chat.Messages[0].Parts[1].CacheControl.IsEmpty);
        List<ChatPart> parts = chat.Messages[1].Parts;
        Assert.Equal(
            [PartKind.Text, PartKind.Image, PartKind.Image, PartKind.Text, PartKind.File, PartKind.File, PartKind.Text, PartKind.Text, PartKind.Foreign],
            parts.Select(p => p.Kind));
        Assert.Equal("https://pictures.example/a.png", parts[2].Media!.Url);
        Assert.Equal(("SGVsbG8=", "text/plain", "Notes"), (System.Text.Encoding.ASCII.GetString(parts[4].Media!.Base64.Span), parts[4].Media!.MediaType, parts[4].Media!.FileName));
        Assert.Equal(["chunk", "T (https://s.example)\n\nfound"], [parts[6].Text.ToString(), parts[7].Text.ToString()]);
        ToolCall call = Assert.Single(chat.Messages[2].ToolCalls);
        Assert.Equal(("toolu_1", "look", """{"at": 1, "q":"\"x\""}"""), (call.Id.ToString(), call.Name.ToString(), call.Arguments.ToString()));
        Assert.Equal([("Hm.", "s1", ""), ("", "", "xx")], chat.Messages[2].Thinking.Select(t => (t.Text.ToString(), t.Signature.ToString(), t.Sealed.ToString())));
        Assert.Equal((true, "toolu_1", 2), (chat.Messages[3].IsToolError, chat.Messages[3].ToolCallId.ToString(), chat.Messages[3].Parts.Count));
        Assert.Equal("And?", chat.Messages[4].Parts[0].Text.ToString());
    }

    [Fact]
    public void Request_OfEverySetting_IsReadAndListed()
    {
        ChatRequest chat = Read("""
            {"messages":[{"role":"user","content":"x"}],"max_tokens":7,"stop_sequences":["a","b"],"temperature":0.5,"top_k":3,"metadata":{"user_id":"u","other":1},"service_tier":"standard_only",
             "thinking":{"type":"enabled","budget_tokens":2000},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},
             "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,"eager_input_streaming":true,"input_examples":[{"a":1}],"cache_control":{"type":"ephemeral"}},
               {"type":"custom","name":"g","input_schema":{}},{"type":"web_search_20250305","name":"web_search"}],
             "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"context_management":{"edits":[]}}
            """);

        Assert.Equal((7L, 2), (chat.MaxTokens!.Value, chat.Stop.Count));
        Assert.Equal(new ThinkingWish { Enabled = true, Budget = 2000, Effort = "low" }, chat.Thinking);
        Assert.Equal(AnswerFormatKind.JsonSchema, chat.Format.Kind);
        Assert.Equal([null, null, "web_search_20250305"], chat.Tools.Select(t => t.NativeType));
        Assert.Equal((ToolChoiceKind.Named, "f", false), (chat.ToolChoice.Kind, chat.ToolChoice.Name.ToString(), chat.ParallelToolCalls));
        Assert.Equal("u", chat.User.ToString());
        string[] fields = [.. chat.Fields.Select(f => f.Name == f.ClientName ? f.Name : $"{f.Name}={f.ClientName}").Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "context_management", "max_tokens", "metadata.other", "parallel_tool_calls=tool_choice.disable_parallel_tool_use", "reasoning_effort=output_config.effort",
                "response_format=output_config.format", "service_tier", "stop=stop_sequences", "temperature", "thinking", "tool_choice", "tools", "tools[].input_examples", "top_k", "user=metadata.user_id",
            ], fields);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"boss","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":["x"]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64"}}]}]}""", "messages[0].content[0].source")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}""", "messages[0].content[0].tool_use_id")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},7]}""", "messages[1]")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","input":{}}]}]}""", "messages[0].content[0].name")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"maybe"}}""", "tool_choice.type")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"tool"}}""", "tool_choice.name")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{"input_schema":{}}]}""", "tools[0].name")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"output_config":{"format":{"type":"json_schema"}}}""", "output_config.format.schema")]
    public void Request_ThatMeansNothing_IsTheCallersMistakeByName(string json, string param)
    {
        Exchange exchange = Turns.Exchange(json, EndpointKind.Messages);

        VendorFailure failure = Assert.Throws<CallRefusedException>(() => exchange.ReadChat()).Failure;
        Assert.Equal((param, 400, true), (failure.Param, failure.Status, failure.IsFinal));
    }

    [Fact]
    public void Request_WithUnsignedThinking_HasItAsReasoning()
    {
        ChatRequest chat = Read("""{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"A","signature":""},{"type":"thinking","thinking":"B","signature":""}]}]}""");

        Assert.Empty(chat.Messages[1].Thinking);
        Assert.Equal("A\nB", chat.Messages[1].ReasoningText.ToString());
    }

    [Fact]
    public void Request_OfACodingClient_GoesToAnOpenAiServer()
    {
        using VendorCall call = Turns.Open("vllm", """
            {"model":"m","max_tokens":32000,"stream":true,"temperature":1,
             "system":[{"type":"text","text":"You are a coding agent.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Rules.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
             "messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"Fix it.","cache_control":{"type":"ephemeral"}}]}],
             "tools":[{"name":"Bash","description":"Runs","input_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"command":{"type":"string"}}},"eager_input_streaming":true}],
             "metadata":{"user_id":"user_1"},"thinking":{"type":"adaptive"},"output_config":{"effort":"medium"},"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}}
            """, "qwen", EndpointKind.Messages, headers: ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14"));
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;

        Assert.Equal("chat/completions", call.Path);
        Assert.Equal("qwen", (string)body["model"]!);
        Assert.Equal("Rules.", (string)body["messages"]![0]!["content"]![1]!["text"]!);
        Assert.Equal("Fix it.", (string)body["messages"]![1]!["content"]![1]!["text"]!);
        Assert.Equal("Bash", (string)body["tools"]![0]!["function"]!["name"]!);
        Assert.Equal(("medium", 32000, "user_1"), ((string)body["reasoning_effort"]!, (int)body["max_tokens"]!, (string)body["user"]!));
        Assert.True((bool)body["stream_options"]!["include_usage"]!);
        Assert.Equal("context_management", call.Dropped);
        Assert.DoesNotContain("cache_control", body.ToJsonString(), StringComparison.Ordinal);
    }

    private static ChatRequest Read(string json) => Turns.Exchange(json, EndpointKind.Messages).ReadChat();
}
