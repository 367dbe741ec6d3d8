using System.Text;
using LlmProxy.Caching.Semantic;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Caching.Semantic;

public sealed class LonePromptTests
{
    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"one \u00e9"}]}""", "one é")]
    [InlineData("""{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}],"n":1,"tools":[]}""", "one\ntwo")]
    public void Text_OfOneTurn_IsRead(string json, string expected) => Assert.Equal(expected, Read(json).Text);

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"user","content":"c"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"functions":[{"name":"f"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"n":2}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema"}}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"  "}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"a"}]}""")]
    public void Text_OfAnythingElse_IsNone(string json) => Assert.Null(Read(json).Text);

    [Fact]
    public void Text_BeyondItsSize_IsNone() => Assert.Null(Read($$"""{"messages":[{"role":"user","content":"{{new string('a', 20_000)}}"}]}""").Text);

    [Fact]
    public void SystemsWords_AreTheFrame()
    {
        Assert.Equal("""{"role":"system","content":"be brief"}""", Read("""{"messages":[{"role": "system", "content": "be brief"},{"role":"user","content":"a"}]}""").Frame);
    }

    [Fact]
    public void Prompt_OfACompletion_IsTheText() => Assert.Equal("say it", Read("""{"prompt":"say it"}""", EndpointKind.Completions).Text);

    private static (string? Text, string Frame) Read(string json, EndpointKind? endpoint = null)
    {
        using var frame = new PooledWriter();
        string? text = LonePrompt.Of(Turns.Exchange(json, endpoint), frame);
        return (text, Encoding.UTF8.GetString(frame.Written));
    }
}
