using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

/// <summary>What a conversation of any dialect becomes for a vendor of OpenAI's.</summary>
public sealed class OpenAiChatVendorTests
{
    [Fact]
    public void Request_OfAWholeConversation_SaysItAll()
    {
        JsonNode body = Sent("openai", """
            {"messages":[
              {"role":"system","content":[{"type":"text","text":"Be short."},{"type":"text","text":"Be \"kind\"."}]},
              {"role":"developer","content":"And quick."},
              {"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
                {"type":"image_url","image_url":{"url":"https://pictures.example/a.jpg"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},
                {"type":"input_audio","input_audio":{"data":"BBBB","format":"mp3"}}]},
              {"role":"assistant","content":"Let me look.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
              {"role":"tool","tool_call_id":"call_1","content":"a cat"}],
             "tools":[{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object","properties":{"at":{"type":"integer"}}},"strict":true}},{"type":"function","function":{"name":"bare"}}],
             "tool_choice":"required","parallel_tool_calls":false,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}},
             "max_tokens":50,"stop":["x"],"n":2,"temperature":0.5,"seed":7,"user":"u1","logit_bias":{"5":1},"metadata":{"a":"b"}}
            """, "gpt-4o");

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"model":"gpt-4o","messages":[
              {"role":"system","content":[{"type":"text","text":"Be short."},{"type":"text","text":"Be \"kind\"."}]},
              {"role":"developer","content":"And quick."},
              {"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
                {"type":"image_url","image_url":{"url":"https://pictures.example/a.jpg"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},
                {"type":"input_audio","input_audio":{"data":"BBBB","format":"mp3"}}]},
              {"role":"assistant","content":"Let me look.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
              {"role":"tool","tool_call_id":"call_1","content":"a cat"}],
             "tools":[{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object","properties":{"at":{"type":"integer"}}},"strict":true}},
               {"type":"function","function":{"name":"bare","parameters":{"type":"object","properties":{}}}}],
             "tool_choice":"required","parallel_tool_calls":false,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}},
             "max_tokens":50,"stop":["x"],"n":2,"temperature":0.5,"seed":7,"user":"u1","logit_bias":{"5":1},"metadata":{"a":"b"}}
            """), body), body.ToJsonString());
    }

    [Fact]
    public void Request_OfAStream_AsksForUsageUntilThatIsRefused()
    {
        JsonNode first = Sent("custom", """{"stream":true,"messages":[{"role":"user","content":"x"}]}""");
        Assert.True((bool)first["stream"]!);
        Assert.True((bool)first["stream_options"]!["include_usage"]!);

        RouteTarget target = Turns.Target("custom", "m", At("http://localhost/v1"));
        target.Deployment.State.RefusesStreamOptions = true;
        using VendorCall call = Foreign(target, """{"stream":true,"messages":[{"role":"user","content":"x"}]}""");
        Assert.Null(JsonNode.Parse(Turns.Body(call))!["stream_options"]);

        Assert.Null(Sent("mistral", """{"stream":true,"messages":[{"role":"user","content":"x"}]}""")["stream_options"]);
    }

    [Fact]
    public void Request_ForAReasoningModel_IsSaidInItsWords()
    {
        using VendorCall call = Foreign("openai", """
            {"messages":[{"role":"user","content":"x"}],"max_tokens":50,"temperature":0.5,"stop":["a"],"thinking":{"type":"enabled","budget_tokens":10000}}
            """, "o4-mini");
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;

        Assert.Equal(50, (int)body["max_completion_tokens"]!);
        Assert.Equal("medium", (string)body["reasoning_effort"]!);
        Assert.Null(body["max_tokens"] ?? body["temperature"] ?? body["stop"] ?? body["thinking"]);
        Assert.Equal("temperature, stop", call.Dropped);
    }

    [Theory]
    [InlineData("openai", "gpt-4o", """ "reasoning_effort":"high" """, null, "reasoning_effort")]
    [InlineData("openai", "gpt-4o", """ "thinking":{"type":"disabled"} """, null, null)]
    [InlineData("openai", "gpt-5-mini", """ "thinking":{"type":"disabled"} """, "minimal", null)]
    [InlineData("openai", "gpt-5.1", """ "thinking":{"type":"disabled"} """, "none", null)]
    [InlineData("azure", "o3", """ "thinking":{"type":"disabled"} """, "low", null)]
    [InlineData("openai", "gpt-5.1", """ "reasoning_effort":"max" """, "high", null)]
    [InlineData("openai", "gpt-5.1", """ "thinking":{"type":"adaptive"} """, null, null)]
    [InlineData("together", "some-model", """ "thinking":{"type":"enabled","budget_tokens":2000} """, "low", null)]
    [InlineData("together", "some-model", """ "thinking":{"type":"disabled"} """, null, "thinking")]
    [InlineData("fireworks", "some-model", """ "thinking":{"type":"disabled"} """, "none", null)]
    [InlineData("mistral", "mistral-small-latest", """ "reasoning_effort":"low" """, "high", null)]
    [InlineData("mistral", "mistral-large-latest", """ "reasoning_effort":"low" """, null, "reasoning_effort")]
    [InlineData("mistral", "magistral-medium-latest", """ "reasoning_effort":"low" """, null, null)]
    public void Request_ThatWantsThinking_IsSaidAsTheServerKnowsIt(string provider, string model, string wish, string? effort, string? dropped)
    {
        using VendorCall call = Foreign(provider, $$"""{"messages":[{"role":"user","content":"x"}],{{wish}}}""", model);
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;

        Assert.Equal(effort, (string?)body["reasoning_effort"]);
        Assert.Equal(dropped, call.Dropped);
    }

    [Fact]
    public void Request_ForVllm_SwitchesThinkingInTheTemplate()
    {
        JsonNode body = Sent("vllm", """{"messages":[{"role":"user","content":"x"}],"thinking":{"type":"disabled"},"top_k":5}""");

        Assert.False((bool)body["chat_template_kwargs"]!["enable_thinking"]!);
        Assert.Equal(5, (int)body["top_k"]!);
        Assert.Null(body["reasoning_effort"]);
    }

    [Theory]
    [InlineData("openai", null, "messages[].thinking")]
    [InlineData("vllm", "reasoning_content", null)]
    [InlineData("custom", "reasoning_content", null)]
    [InlineData("litellm", "reasoning_content", null)]
    [InlineData("mistral", null, "messages[].thinking")]
    public void Request_WithEarlierThinking_BringsItBackWhereItIsTaken(string provider, string? name, string? dropped)
    {
        using VendorCall call = Foreign(provider, """
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","thinking_blocks":[{"type":"thinking","thinking":"Hm \"so\".","signature":"s1"}]},{"role":"user","content":"z"}]}
            """);
        JsonNode answer = JsonNode.Parse(Turns.Body(call))!["messages"]![1]!;

        Assert.Equal(name is null ? null : "Hm \"so\".", (string?)answer["reasoning_content"]);
        Assert.Equal(dropped, call.Dropped);
        Assert.Equal(provider == "litellm" ? "s1" : null, (string?)answer["thinking_blocks"]?[0]?["signature"]);
    }

    [Fact]
    public void Request_WithEarlierThinkingForAThinkingMistral_HoldsItAsAChunk()
    {
        JsonNode answer = Sent("mistral", """
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","reasoning_content":"Hm."},{"role":"user","content":"z"}]}
            """, "magistral-small")["messages"]![1]!;

        Assert.Equal("""[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"y"}]""", answer["content"]!.ToJsonString());
    }

    [Fact]
    public void Request_WithPicturesAmongToolResults_ShowsThemAfterAllResults()
    {
        JsonArray messages = Sent("openai", """
            {"messages":[{"role":"user","content":"x"},
              {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":""}}]},
              {"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
              {"role":"tool","tool_call_id":"b","content":"broken","is_error":true},
              {"role":"user","content":"go on"}]}
            """)["messages"]!.AsArray();

        Assert.Equal(["user", "assistant", "tool", "tool", "user", "user"], messages.Select(m => (string)m!["role"]!));
        Assert.Equal("see", (string)messages[2]!["content"]!);
        Assert.Equal("Error: broken", (string)messages[3]!["content"]!);
        Assert.Equal("data:image/png;base64,AAAA", (string)messages[4]!["content"]![0]!["image_url"]!["url"]!);
        Assert.Equal("{}", (string)messages[1]!["tool_calls"]![1]!["function"]!["arguments"]!);
        Assert.Null(messages[1]!["content"]);
    }

    [Theory]
    [InlineData("mistral", "toolu_01ABCDEFGHIJ", 9)]
    [InlineData("mistral", "abc123XYZ", 9)]
    [InlineData("openai", "call_0123456789012345678901234567890123456789", 37)]
    [InlineData("vllm", "call_0123456789012345678901234567890123456789", 45)]
    public void Request_WithIdsOfAnotherVendor_TiesResultsToCallsInItsOwnForm(string provider, string id, int length)
    {
        JsonNode body = Sent(provider, $$$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"{{{id}}}","content":"y"}]}
            """);
        string sent = (string)body["messages"]![1]!["tool_calls"]![0]!["id"]!;

        Assert.Equal(sent, (string)body["messages"]![2]!["tool_call_id"]!);
        Assert.Equal(length, sent.Length);
        Assert.Equal(id.Length == length, sent == id);
    }

    [Fact]
    public void Request_WithCallsWithoutIds_AnswersThemByNameAndOrder()
    {
        JsonArray messages = Sent("vllm", """
            {"messages":[{"role":"user","content":"x"},
              {"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}}]},
              {"role":"tool","name":"g","content":"2"},{"role":"tool","name":"f","content":"1"}]}
            """)["messages"]!.AsArray();
        string f = (string)messages[1]!["tool_calls"]![0]!["id"]!;
        string g = (string)messages[1]!["tool_calls"]![1]!["id"]!;

        Assert.NotEqual(f, g);
        Assert.Equal([g, f], [(string)messages[2]!["tool_call_id"]!, (string)messages[3]!["tool_call_id"]!]);
        Assert.Equal("""{"a":1}""", (string)messages[1]!["tool_calls"]![0]!["function"]!["arguments"]!);
    }

    [Fact]
    public void Request_WithTextsForAServerOfStrings_JoinsThemAsParagraphs()
    {
        JsonNode body = Sent("together", """{"messages":[{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"user","content":"x"}]}""");

        Assert.Equal("a\n\nb", (string)body["messages"]![0]!["content"]!);
    }

    [Fact]
    public void Request_WithCacheMarks_KeepsThemForWhoTakesThem()
    {
        const string Json = """{"messages":[{"role":"system","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"x"}]}""";

        Assert.Equal("ephemeral", (string)Sent("litellm", Json)["messages"]![0]!["content"]![0]!["cache_control"]!["type"]!);
        Assert.Equal("a", (string)Sent("openai", Json)["messages"]![0]!["content"]!);
    }

    [Fact]
    public void Request_WithATextDocument_SaysItAsText()
    {
        JsonNode body = Sent("vllm", """{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"note.txt","file_data":"data:text/plain;base64,SGVsbG8="}},{"type":"text","text":"Read."}]}]}""");

        Assert.Equal("note.txt:\n\nHello", (string)body["messages"]![0]!["content"]![0]!["text"]!);
    }

    [Fact]
    public void Request_WithADocumentItsServerCannotRead_IsRefusedByPath()
    {
        using VendorCall call = Foreign("vllm", """{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}""");

        Assert.Equal("messages[0].content[0]", Assert.Throws<CallRefusedException>(() => Turns.Body(call)).Failure.Param);
    }

    [Fact]
    public void Request_WithToolsOfAnotherVendor_NamesWhatIsLeftOut()
    {
        using VendorCall call = Foreign("vllm", """
            {"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search_20250305","name":"web_search"},{"type":"function","function":{"name":"f"}}],"top_a":1}
            """);
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;

        Assert.Equal("f", (string)Assert.Single(body["tools"]!.AsArray())!["function"]!["name"]!);
        Assert.Equal("tools[0] (web_search_20250305), top_a", call.Dropped);
    }

    [Fact]
    public void Request_WithAllowedTools_OffersThoseAlone()
    {
        JsonNode body = Sent("custom", """
            {"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}],
             "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}}
            """);

        Assert.Equal("g", (string)Assert.Single(body["tools"]!.AsArray())!["function"]!["name"]!);
        Assert.Equal("required", (string)body["tool_choice"]!);
    }

    [Fact]
    public void Request_WithTheOperatorsDefaults_HasThemWhereTheClientSaidNothing()
    {
        JsonNode body = Sent("custom", """{"messages":[{"role":"user","content":"x"}],"temperature":1}""", change: llm =>
        {
            llm.BaseUrl = "http://localhost/v1";
            llm.Config = JsonNode.Parse("""{"temperature":0.1,"max_tokens":9,"stop":["q"],"mirostat":2}""")!.AsObject();
            llm.MaxOutputTokens = 8;
        });

        Assert.Equal(1, (int)body["temperature"]!);
        Assert.Equal(8, (int)body["max_tokens"]!);
        Assert.Equal("""["q"]""", body["stop"]!.ToJsonString());
        Assert.Equal(2, (int)body["mirostat"]!);
    }

    [Fact]
    public void Request_ForMistral_TakesItsAdjustmentsToo()
    {
        using VendorCall call = Foreign("mistral", """{"messages":[{"role":"developer","content":"d"},{"role":"user","content":"x"}],"seed":3,"user":"u"}""");
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;

        Assert.Equal(3, (int)body["random_seed"]!);
        Assert.Equal("system", (string)body["messages"]![0]!["role"]!);
        Assert.Equal("user", call.Dropped);
    }

    internal static VendorCall Foreign(string provider, string json, string model = "m", Action<LlmOptions>? change = null) =>
        Foreign(Turns.Target(provider, model, change ?? At("http://localhost/v1")), json);

    private static TranslatedChat Foreign(RouteTarget target, string json) =>
        new(Turns.Exchange(json), target, new AttemptFacts(1), new OpenAiChatVendor((OpenAiDialectProvider)target.Deployment.Provider));

    private static JsonNode Sent(string provider, string json, string model = "m", Action<LlmOptions>? change = null)
    {
        using VendorCall call = Foreign(provider, json, model, change);
        return JsonNode.Parse(Turns.Body(call))!;
    }

    private static Action<LlmOptions> At(string address) => llm => llm.BaseUrl = address;
}
