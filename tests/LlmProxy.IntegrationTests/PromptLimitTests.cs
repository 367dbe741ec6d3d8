using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Prompts that are longer than the operator takes, or than any LLM that may be asked.</summary>
public sealed class PromptLimitTests(PromptLimitTests.Fixture fixture) : IClassFixture<PromptLimitTests.Fixture>
{
    private static readonly string Long = new('x', 101);
    private static readonly string Picture = "data:image/png;base64," + new string('A', 5000);

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"any","messages":[{"role":"system","content":"%"}]}""")]
    [InlineData("/v1/completions", """{"model":"any","prompt":["a","%"]}""")]
    [InlineData("/v1/responses", """{"model":"any","instructions":"%","input":"a"}""")]
    [InlineData("/v1/messages", """{"model":"any","max_tokens":1,"system":[{"type":"text","text":"%"}],"messages":[{"role":"user","content":"a"}]}""")]
    [InlineData("/v1/embeddings", """{"model":"any","input":["%"]}""")]
    [InlineData("/api/chat", """{"model":"any","messages":[{"role":"tool","content":"%"}]}""")]
    [InlineData("/api/generate", """{"model":"any","prompt":"%"}""")]
    public async Task MaxPromptChars_LongerPrompt_Is400ThatSaysBothNumbers(string path, string body)
    {
        Reply reply = await fixture.Client.PostAsync(path, body.Replace("%", Long, StringComparison.Ordinal));

        Assert.Equal(400, reply.Status);
        Assert.Contains("10", reply.Text, StringComparison.Ordinal);
        Assert.Contains("characters, and this gateway takes 100", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MaxPromptChars_PicturesAndEscapes_CountAsTheyRead()
    {
        string letters = string.Concat(Enumerable.Repeat("\\u00e9", 90)) + "äöü\\n";

        Reply reply = await fixture.Client.PostAsync(
            "/v1/chat/completions", $$$"""{"model":"any","messages":[{"role":"user","content":[{"type":"text","text":"{{{letters}}}"},{"type":"image_url","image_url":{"url":"{{{Picture}}}"}}]}]}""");

        Expect.Ok(reply);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "messages")]
    [InlineData("/v1/messages", "messages")]
    [InlineData("/api/chat", "messages")]
    [InlineData("/v1/responses", "input")]
    public async Task MaxMessages_OneMore_Is400ThatSaysBothNumbers(string path, string field)
    {
        string Body(int count) => $$"""{"model":"any","max_tokens":5,"stream":false,"{{field}}":[{{string.Join(',', Enumerable.Repeat("""{"role":"user","content":"a"}""", count))}}]}""";

        Reply reply = await fixture.Client.PostAsync(path, Body(4));

        Assert.Equal(400, reply.Status);
        Assert.Contains("has 4 messages, and this gateway takes 3", reply.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await fixture.Client.PostAsync(path, Body(3))).Status);
    }

    [Fact]
    public async Task ContextWindow_PromptThatFitsNoLlmOfThePlan_Is400BeforeAnybodyIsAsked()
    {
        string tools = $$$"""[{"type":"function","function":{"name":"f","description":"{{{string.Concat(Enumerable.Repeat("word ", 2000))}}}"}}]""";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", $$"""{"model":"tiny","messages":[{"role":"user","content":"a"}],"tools":{{tools}}}""");

        Expect.Error(reply, 400, "context_length_exceeded");
        Assert.Empty(fixture.Upstream.CallsFor("tiny-model"));
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "any", Provider = "openai", Model = "any-model", Upstream.BaseUrl, Auth = new { api_key = "sk-1" } },
                    new { Name = "tiny", Provider = "openai", Model = "tiny-model", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, ContextWindow = 500 },
                },
                Limits = new { MaxPromptChars = 100, MaxMessages = 3 },
            }),
        };
    }
}
