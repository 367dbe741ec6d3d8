using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.Ollama;

public sealed class OllamaFrontTests
{
    [Fact]
    public void Chat_WithEverything_IsReadByMeaning()
    {
        ChatRequest request = Read("""
            {"model":"x","messages":[
              {"role":"system","content":"Be brief."},
              {"role":"User","content":"What?","images":["/9j/4AAQ","iVBORw0K"]},
              {"role":"assistant","content":"","thinking":"Hm.","tool_calls":[{"function":{"name":"f","arguments":{"a":"\"q\""}}},{"id":"id_2","function":{"name":"g","arguments":{}}}]},
              {"role":"tool","tool_name":"g","content":"two"},
              {"role":"tool","content":"one"}],
             "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
             "format":{"type":"object"},"think":"high","options":{"temperature":0.5,"num_predict":20,"stop":["x"],"repeat_penalty":1.1,"num_ctx":100},"keep_alive":"5m"}
            """);

        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.Tool], request.Messages.Select(m => m.Role));
        Assert.Equal(["image/jpeg", "image/png"], request.Messages[1].Parts.Where(p => p.Kind == PartKind.Image).Select(p => p.Media!.MediaType));
        ChatMessage assistant = request.Messages[2];
        Assert.Equal("Hm.", assistant.ReasoningText.ToString());
        Assert.Equal("""{"a":"\"q\""}""", assistant.ToolCalls[0].Arguments.ToString());
        Assert.Equal("id_2", request.Messages[3].ToolCallId.ToString());
        Assert.Equal(assistant.ToolCalls[0].Id.ToString(), request.Messages[4].ToolCallId.ToString());
        Assert.Equal("f", request.Messages[4].Name.ToString());
        Assert.Equal("f", Assert.Single(request.Tools).Name.ToString());
        Assert.Equal(AnswerFormatKind.JsonSchema, request.Format.Kind);
        Assert.Equal("high", request.Thinking.Effort);
        Assert.Equal(20, request.MaxTokens);
        Assert.Equal("x", Assert.Single(request.Stop).ToString());
        Assert.Equal(
            ["tools", "response_format:format", "reasoning_effort:think", "temperature:options.temperature", "max_tokens:options.num_predict", "stop:options.stop", "repetition_penalty:options.repeat_penalty", "num_ctx:options.num_ctx", "keep_alive"],
            request.Fields.Select(f => f.Name == f.ClientName ? f.Name : $"{f.Name}:{f.ClientName}"));
    }

    [Fact]
    public void SameHistory_ReadTwice_GetsTheSameIds()
    {
        const string history = """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},{"role":"tool","content":"1"}]}""";

        Assert.Equal(Read(history).Messages[1].ToolCalls[0].Id.ToString(), Read(history).Messages[1].ToolCalls[0].Id.ToString());
    }

    [Fact]
    public void SignedThinking_ComesBack()
    {
        ChatRequest request = Read("""{"messages":[{"role":"assistant","content":"x","thinking":"T","thinking_blocks":[{"type":"thinking","thinking":"T","signature":"s"},{"type":"redacted_thinking","data":"d"}]}]}""");

        Assert.Equal(["s", ""], request.Messages[0].Thinking.Select(b => b.Signature.ToString()));
        Assert.Equal(["", "d"], request.Messages[0].Thinking.Select(b => b.Sealed.ToString()));
    }

    [Fact]
    public void Generate_IsAConversationOfItsPrompts()
    {
        ChatRequest request = Read("""{"prompt":"Hi","system":"Be brief.","images":["R0lGODlh"],"suffix":"z","raw":true,"template":"t","context":[1],"format":"json","think":false}""", EndpointKind.OllamaGenerate);

        Assert.Equal([ChatRole.System, ChatRole.User], request.Messages.Select(m => m.Role));
        Assert.Equal([PartKind.Text, PartKind.Image], request.Messages[1].Parts.Select(p => p.Kind));
        Assert.Equal(AnswerFormatKind.JsonObject, request.Format.Kind);
        Assert.False(request.Thinking.IsWanted);
        Assert.False(request.AsksNothing);
        Assert.Equal("suffix, raw, template, context, response_format, thinking", string.Join(", ", request.Fields.Select(f => f.Name)));
    }

    [Theory]
    [InlineData("""{"model":"x"}""", false)]
    [InlineData("""{"model":"x","messages":[]}""", false)]
    [InlineData("""{"model":"x","prompt":"","keep_alive":0}""", true)]
    public void Request_WithoutAnyMessage_AsksNothing(string json, bool isGenerate) =>
        Assert.True(Read(json, isGenerate ? EndpointKind.OllamaGenerate : EndpointKind.OllamaChat).AsksNothing);

    [Theory]
    [InlineData("""{"messages":"Hi"}""", "messages")]
    [InlineData("""{"messages":[{"role":"robot","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":5}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":"x","images":[1]}]}""", "messages[0].images[0]")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"function":{}}]}]}""", "messages[0].tool_calls[0].function.name")]
    [InlineData("""{"messages":[],"format":"yaml"}""", "format")]
    [InlineData("""{"messages":[],"think":"deep"}""", "think")]
    [InlineData("""{"messages":[],"options":{"num_predict":"many"}}""", "options.num_predict")]
    [InlineData("""{"messages":[],"options":{"stop":[1]}}""", "options.stop")]
    [InlineData("""{"prompt":5}""", "prompt")]
    public void Mistake_IsNamedByItsPlace(string json, string place)
    {
        var refused = Assert.Throws<CallRefusedException>(() => Read(json, json.Contains("prompt", StringComparison.Ordinal) ? EndpointKind.OllamaGenerate : EndpointKind.OllamaChat));
        Assert.Equal(place, refused.Failure.Param);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("-2")]
    public void NoLimit_IsNoLimit(string limit)
    {
        ChatRequest request = Read($$$"""{"messages":[],"options":{"num_predict":{{{limit}}}}}""");

        Assert.Null(request.MaxTokens);
        Assert.Empty(request.Fields);
    }

    [Theory]
    [InlineData("""{"model":"x"}""", true)]
    [InlineData("""{"model":"x","stream":true}""", true)]
    [InlineData("""{"model":"x","stream":false}""", false)]
    public void Stream_IsTheRule(string json, bool isStream) => Assert.Equal(isStream, Turns.Exchange(json, EndpointKind.OllamaChat).IsStream);

    [Fact]
    public void Embed_IsRead()
    {
        EmbeddingRequest many = Turns.Exchange("""{"model":"x","input":["a","b"],"dimensions":8,"truncate":false,"keep_alive":"1m"}""", EndpointKind.OllamaEmbed).ReadEmbedding();
        EmbeddingRequest old = Turns.Exchange("""{"model":"x","prompt":"a"}""", EndpointKind.OllamaEmbeddings).ReadEmbedding();

        Assert.Equal(["a", "b"], many.Inputs.Select(i => i.Text.ToString()));
        Assert.Equal(8, many.Dimensions);
        Assert.Equal(["dimensions", "truncate", "keep_alive"], many.Fields.Select(f => f.Name));
        Assert.Equal("a", Assert.Single(old.Inputs).Text.ToString());
    }

    private static ChatRequest Read(string json, EndpointKind? endpoint = null) => Turns.Exchange(json, endpoint ?? EndpointKind.OllamaChat).ReadChat();
}
