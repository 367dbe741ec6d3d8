using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Forwarding.Continuation;

/// <summary>How each vendor is told to go on from the beginning of an answer, and which are never asked to.</summary>
public sealed class BeginningTests
{
    private const string Chat = """{"model":"m","stream":true,"max_tokens":100,"stop":["END"],"reasoning_effort":"high","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Tell me"}]}""";

    private static readonly BrokenText Broken = new("Once upon a ti", "");

    [Theory]
    [InlineData("vllm", "m", "", true)]
    [InlineData("mistral", "mistral-large-latest", "", true)]
    [InlineData("mistral", "magistral-medium-latest", "", false)]
    [InlineData("ollama", "llama3", "", true)]
    [InlineData("anthropic", "claude-3-5-sonnet-20241022", "", true)]
    [InlineData("anthropic", "claude-sonnet-4-20250514", "", true)]
    [InlineData("anthropic", "claude-haiku-4-5", "", true)]
    [InlineData("anthropic", "claude-opus-4-6", "", false)]
    [InlineData("anthropic", "claude-sonnet-4-6", "", false)]
    [InlineData("anthropic", "claude-opus-4-8", "", false)]
    [InlineData("anthropic", "claude-sonnet-5", "", false)]
    [InlineData("anthropic", "claude-next", "", false)]
    [InlineData("anthropic", "kimi-k2", "", false)]
    [InlineData("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", true)]
    [InlineData("bedrock", "anthropic.claude-opus-4-6-v1", "", false)]
    [InlineData("bedrock", "amazon.nova-pro-v1:0", "", false)]
    [InlineData("vertex", "claude-sonnet-4-5@20250929", "", true)]
    [InlineData("vertex", "claude-opus-4-6", "", false)]
    [InlineData("vertex", "gemini-2.5-pro", "", false)]
    [InlineData("custom", "m", "", false)]
    [InlineData("custom", "m", "off", false)]
    [InlineData("custom", "m", "last_message", true)]
    [InlineData("custom", "m", "Continue_Final_Message", true)]
    [InlineData("custom", "m", "prefix", true)]
    [InlineData("openai", "gpt-4o", "", false)]
    [InlineData("azure", "gpt-4o", "", false)]
    [InlineData("gemini", "gemini-2.5-pro", "", false)]
    [InlineData("together", "m", "", false)]
    [InlineData("fireworks", "m", "", false)]
    [InlineData("litellm", "m", "", false)]
    [InlineData("dummy", "m", "", false)]
    public void GoesOn_ByProviderModelAndSetting_IsWhatItsVendorDocuments(string provider, string model, string setting, bool expected)
    {
        RouteTarget target = Turns.Target(provider, model, llm => Set(llm, setting));

        Assert.Equal(expected, target.Deployment.Provider.GoesOn(target) is not null);
    }

    [Fact]
    public void Vllm_IsToldToContinueTheFinalMessage()
    {
        JsonNode body = Body("vllm", "m");

        Assert.True((bool?)body["continue_final_message"]);
        Assert.False((bool?)body["add_generation_prompt"]);
        Assert.Equal("""{"role":"assistant","content":"Once upon a ti"}""", Last(body).ToJsonString());
        Assert.False((bool?)body["chat_template_kwargs"]!["enable_thinking"]); // It has spoken: thinking is over.
    }

    [Fact]
    public void Vllm_WithoutAWordOfThinking_IsToldNothingOfTemplates()
    {
        Assert.Null(Body("vllm", "m", Chat.Replace("\"reasoning_effort\":\"high\",", "", StringComparison.Ordinal))["chat_template_kwargs"]);
    }

    [Fact]
    public void Vllm_WhoseConfigSaysTheSameFields_SaysThemOnce()
    {
        string body = Text("vllm", "m", Chat, llm => llm.Config["add_generation_prompt"] = true);

        Assert.Equal(body.IndexOf("add_generation_prompt", StringComparison.Ordinal), body.LastIndexOf("add_generation_prompt", StringComparison.Ordinal));
    }

    [Fact]
    public void Mistral_GetsAPrefix()
    {
        Assert.Equal("""{"role":"assistant","content":"Once upon a ti","prefix":true}""", Last(Body("mistral", "mistral-large-latest")).ToJsonString());
    }

    [Fact]
    public void Ollama_GetsTheMessageLast_AndDoesNotThink()
    {
        JsonNode body = Body("ollama", "llama3");

        Assert.Equal("""{"role":"assistant","content":"Once upon a ti"}""", Last(body).ToJsonString());
        Assert.False((bool?)body["think"]);
        Assert.Equal("END", (string?)body["options"]!["stop"]![0]);
        Assert.InRange((int)body["options"]!["num_predict"]!, 90, 98);
    }

    [Theory]
    [InlineData("anthropic", "claude-sonnet-4-5")]
    [InlineData("vertex", "claude-sonnet-4-5@20250929")]
    public void Claude_GetsTheMessageLast_AndDoesNotThink(string provider, string model)
    {
        JsonNode body = Body(provider, model);

        Assert.Equal("""{"role":"assistant","content":[{"type":"text","text":"Once upon a ti"}]}""", Last(body).ToJsonString());
        Assert.Equal("disabled", (string?)body["thinking"]?["type"] ?? "disabled");
        Assert.InRange((int)body["max_tokens"]!, 90, 98);
    }

    [Fact]
    public void ClaudeOnBedrock_GetsTheMessageLast()
    {
        Assert.Equal("""{"role":"assistant","content":[{"text":"Once upon a ti"}]}""", Last(Body("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")).ToJsonString());
    }

    [Theory]
    [InlineData("last_message", """{"chat_template_kwargs":{"enable_thinking":false}}""")]
    [InlineData("continue_final_message", """{"add_generation_prompt":false,"continue_final_message":true}""")]
    [InlineData("prefix", "{}")]
    public void Custom_IsToldWhatItsSettingSays(string setting, string expected)
    {
        JsonObject body = Body("custom", "m", Chat, llm => Set(llm, setting)).AsObject();

        var told = new JsonObject();
        foreach (string name in (string[])["chat_template_kwargs", "add_generation_prompt", "continue_final_message"])
        {
            if (body[name] is { } value)
            {
                told[name] = value.DeepClone();
            }
        }

        Assert.Equal(expected, told.ToJsonString());
        Assert.Null(body["continue_prefix"]);
        Assert.Equal(setting == "prefix", Last(body)["prefix"] is not null);
    }

    [Fact]
    public void Custom_UnknownSetting_IsAMistake()
    {
        var llm = new LlmOptions { Name = "x", Provider = "custom", BaseUrl = "http://localhost:1/v1" };
        Set(llm, "sometimes");

        string problem = Assert.Single(Turns.Target("custom").Deployment.Provider.Check(llm));

        Assert.Contains("continue_prefix", problem, StringComparison.Ordinal);
        Assert.Contains("last_message", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void BrokenText_LimitIsUsedUp_OneTokenIsLeft()
    {
        var request = new ChatRequest { MaxTokens = 3 };

        ChatRequest own = new BrokenText("far more than three tokens have been said", "").AddTo(request, "gpt-4o");

        Assert.Equal(1, own.MaxTokens);
        Assert.Equal(3, request.MaxTokens);
        Assert.Empty(request.Messages);
    }

    [Fact]
    public void AnswerSoFar_LongerThanWhatIsKept_CannotBeGoneOnWith()
    {
        var soFar = new AnswerSoFar();
        byte[] piece = [.. Enumerable.Repeat((byte)'x', 1000)];
        for (int i = 0; i < AnswerSoFar.MostBytes / piece.Length; i++)
        {
            soFar.Text(piece);
        }

        Assert.NotNull(soFar.Break());
        soFar.Text(piece);
        Assert.Null(soFar.Break());
        soFar.Text(piece);
        Assert.Null(soFar.Break());
    }

    private static void Set(LlmOptions llm, string setting)
    {
        if (setting.Length > 0)
        {
            llm.Config["continue_prefix"] = setting;
        }
    }

    private static JsonNode Last(JsonNode body) => body["messages"]!.AsArray()[^1]!;

    private static JsonNode Body(string provider, string model, string chat = Chat, Action<LlmOptions>? change = null) => JsonNode.Parse(Text(provider, model, chat, change))!;

    private static string Text(string provider, string model, string chat, Action<LlmOptions>? change)
    {
        RouteTarget target = Turns.Target(provider, model, change);
        var facts = new AttemptFacts(2) { GoesOnFrom = Broken, SoFar = new AnswerSoFar() };
        using var call = new TranslatedChat(Turns.Exchange(chat), target, facts, target.Deployment.Provider.GoesOn(target)!);
        return Turns.Body(call);
    }
}
