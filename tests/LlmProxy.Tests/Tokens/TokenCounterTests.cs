using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Tests.Conversation;
using LlmProxy.Tokens;

namespace LlmProxy.Tests.Tokens;

public sealed class TokenCounterTests
{
    [Theory]
    [InlineData("gpt-4o", "o200k_base", 1)]
    [InlineData("gpt-4o-mini-2024-07-18", "o200k_base", 1)]
    [InlineData("gpt-4.1-nano", "o200k_base", 1)]
    [InlineData("gpt-5.1", "o200k_base", 1)]
    [InlineData("o3-mini", "o200k_base", 1)]
    [InlineData("openai/gpt-oss-120b", "o200k_base", 1)]
    [InlineData("ft:gpt-4o:team::id", "o200k_base", 1)]
    [InlineData("gpt-4", "cl100k_base", 1)]
    [InlineData("gpt-4-turbo", "cl100k_base", 1)]
    [InlineData("gpt-3.5-turbo-0125", "cl100k_base", 1)]
    [InlineData("gpt-35-turbo", "cl100k_base", 1)]
    [InlineData("text-embedding-3-large", "cl100k_base", 1)]
    [InlineData("claude-sonnet-4-5", "o200k_base", 1.25)]
    [InlineData("us.anthropic.claude-opus-4-1-v1:0", "o200k_base", 1.25)]
    [InlineData("anthropic/claude-3-opus", "o200k_base", 1.25)]
    [InlineData("meta-llama/Llama-3.3-70B-Instruct-Turbo", "o200k_base", 1.1)]
    [InlineData("Qwen/Qwen3-32B", "o200k_base", 1.1)]
    [InlineData("house-model", "o200k_base", 1.2)]
    [InlineData("", "o200k_base", 1.2)]
    public void Encoding_OfAModel_GoesByItsName(string model, string name, double factor)
    {
        ModelEncoding encoding = Encodings.Of(model);
        Assert.Equal((name, factor), (encoding.Pairs.Name, encoding.Factor));
    }

    [Fact]
    public void Count_ModelOfAnotherFamily_IsScaledUp()
    {
        byte[] text = Encoding.UTF8.GetBytes("The gulls over the harbour make quite a noise in spring.");
        long exact = TokenCounter.Count(text, "gpt-4o");
        Assert.Equal((long)Math.Ceiling(exact * 1.25), TokenCounter.Count(text, "claude-sonnet-4-5"));
    }

    [Theory]
    [InlineData("""  "a\nb\t\"c\" \\ \/ \u00e9 \ud83d\ude42" """, "a\nb\t\"c\" \\ / é 🙂")]
    [InlineData("""  "\ud83d x \udc00 \ud83d\u0041" """, "\ufffd x \ufffd \ufffdA")]
    [InlineData("""  "\b\f\r" """, "\b\f\r")]
    public void Unescape_JsonString_IsTheTextItStandsFor(string json, string text)
    {
        ReadOnlySpan<byte> escaped = Encoding.UTF8.GetBytes(json.Trim()).AsSpan()[1..^1];
        byte[] plain = new byte[escaped.Length];
        Assert.Equal(text, Encoding.UTF8.GetString(plain, 0, JsonUnescape.Write(escaped, plain)));
        Assert.Equal(BytePairs.O200k.Count(text), TokenCounter.Count(new JsonText(Encoding.UTF8.GetBytes(json.Trim())), "gpt-4o"));
    }

    /// <summary>The published rule by hand: 3 each, the role 1, a name 1 more, 3 for the answer.</summary>
    [Fact]
    public void Chat_MessagesAndNames_AreFramedByThePublishedRule()
    {
        ChatRequest chat = Chat("""{"messages":[{"role":"system","content":"Be brief."},{"role":"user","name":"pilot","content":[{"type":"text","text":"Where is"},{"type":"text","text":" the ferry?"}]},{"role":"assistant","content":"At sea."}]}""");
        long texts = Sum("Be brief.", "pilot", "Where is", " the ferry?", "At sea.");
        Assert.Equal(texts + (3 * (3 + 1)) + 1 + 3, TokenCounter.CountChat(chat, "gpt-4o"));
    }

    [Fact]
    public void Chat_ToolsAndTheirCalls_AreCountedByThePublishedRule()
    {
        ChatRequest chat = Chat("""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"find","arguments":"{\"at\":\"quay\"}"}}]},{"role":"tool","tool_call_id":"1","content":"here"}],
             "tools":[{"type":"function","function":{"name":"find","description":"Finds a ferry.","parameters":{"type":"object","properties":{
               "at":{"type":"string","description":"Where."},"kind":{"type":"string","enum":["car","foot"]}}}}}]}
            """);
        long texts = Sum("x", "find", """{"at":"quay"}""", "here", "find:Finds a ferry", "at:string:Where", "kind:string:", "car", "foot");
        Assert.Equal(texts + (3 * 4) + 3 + 3 + 7 + 3 + 3 + 3 - 3 + 3 + 3 + 12, TokenCounter.CountChat(chat, "gpt-4o"));
    }

    [Fact]
    public void Chat_SchemaOfTheAnswer_IsCounted()
    {
        long without = TokenCounter.CountChat(Chat("""{"messages":[{"role":"user","content":"x"}]}"""), "gpt-4o");
        long with = TokenCounter.CountChat(Chat("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}}}"""), "gpt-4o");
        Assert.Equal(Sum("""{"type":"object"}"""), with - without);
    }

    [Fact]
    public void Estimate_OfAnAnswer_AddsWhatCameBack()
    {
        ChatRequest chat = Chat("""{"messages":[{"role":"user","content":"x"}]}""");
        Assert.Equal(new TokenUsage(8, 0, 0, Sum("a\nb"), 0), UsageEstimate.Of(chat, "a\nb"u8, "gpt-4o"));
        Assert.Equal(new TokenUsage(8, 0, 0, Sum("a\nb"), 0), UsageEstimate.OfEscaped(chat, "a\\nb"u8, "gpt-4o"));
    }

    private static long Sum(params string[] texts) => texts.Sum(BytePairs.O200k.Count);

    private static ChatRequest Chat(string json)
    {
        var request = new ChatRequest();
        Assert.Null(new ChatCompletionsReader(request).Read(Encoding.UTF8.GetBytes(json)));
        return request;
    }
}
