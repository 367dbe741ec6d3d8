using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A vendor that speaks Anthropic's dialect, asked by clients of its own dialect and of OpenAI's.</summary>
public sealed class AnthropicVendorTests(AnthropicVendorTests.Fixture fixture) : IClassFixture<AnthropicVendorTests.Fixture>
{
    private const string Start = """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-told","content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}""";

    private static readonly string Whole = Events(
        Start,
        """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
        """{"type":"ping"}""",
        """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}""",
        """{"type":"content_block_stop","index":0}""",
        """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}""",
        """{"type":"message_stop"}""");

    [Fact]
    public async Task Messages_OfAnAnthropicClient_KeepBytesQueryAndHeaders()
    {
        fixture.Upstream.On("c-own", Answers.Sse(Step.Send(Whole)));
        const string Body = """{ "max_tokens":5,"stream":true, "new_field":[1, 2],"messages":[{"role":"user","content":"Hi"}],"model":"MODEL"}""";

        Reply reply = await fixture.Client.PostAsync(
            "/v1/messages?beta=true", Body.Replace("MODEL", "anthropic/c-own", StringComparison.Ordinal), ("anthropic-version", "2026-10-21"), ("anthropic-beta", "one,two"), ("anthropic-new", "x"));

        Expect.Ok(reply);
        Assert.Equal(Whole, reply.Text);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("c-own"));
        Assert.Equal(Body.Replace("MODEL", "c-own", StringComparison.Ordinal), call.Text);
        Assert.Equal("/v1/messages", call.Path);
        Assert.Equal("?beta=true", call.Query);
        Assert.Equal("2026-10-21", call.Header("anthropic-version"));
        Assert.Equal("one,two", call.Header("anthropic-beta"));
        Assert.Equal("x", call.Header("anthropic-new"));
        Assert.Equal("sk-ant-vendor-key", call.Header("x-api-key"));
        Assert.Null(call.Header("authorization"));
    }

    [Fact]
    public async Task Metadata_OfAStreamThatPasses_StandsOnItsClosingEvent()
    {
        fixture.Upstream.On("c-meta", Answers.Sse(Step.Send(Whole)));

        Reply reply = await fixture.Client.PostAsync(
            "/v1/messages", """{"model":"anthropic/c-meta","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"Hi"}]}""", ("x-llm-metadata", "true"));

        string last = reply.Text.TrimEnd().Split('\n')[^1];
        JsonNode closing = JsonNode.Parse(last["data: ".Length..])!;
        Assert.Equal("message_stop", closing["type"]!.GetValue<string>());
        Assert.Equal(7, closing["llm"]!["usage"]!["output_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Chat_OfAnOpenAiClient_IsTranslatedBothWays()
    {
        fixture.Upstream.On("c-chat", Answers.Sse(Step.Send(Whole)));

        Reply reply = await fixture.Client.PostAsync(
            "/v1/chat/completions", """{"model":"anthropic/c-chat","stream":true,"seed":4,"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"}]}""");

        Expect.Ok(reply);
        Assert.Equal("seed", reply.Header("x-llm-dropped-params"));
        Assert.Contains("\"content\":\"Hello\"", reply.Text, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"stop\"", reply.Text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", reply.Text, StringComparison.Ordinal);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("c-chat"));
        Assert.Equal("Be kind.", call.Json["system"]![0]!["text"]!.GetValue<string>());
        Assert.Equal("2023-06-01", call.Header("anthropic-version"));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task Stream_OverloadedBeforeItsFirstOutput_IsTakenOverByAnother(string path)
    {
        fixture.Upstream.On("c-busy", Answers.Sse(Step.Send(Events(Start, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"""))));
        fixture.Upstream.On("c-spare", Answers.Sse(Step.Send(Whole)));

        Reply reply = await fixture.Client.PostAsync(path, """{"model":"busy","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"Hi"}]}""");

        Expect.Ok(reply);
        Assert.Contains("Hello", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("overloaded", reply.Text, StringComparison.Ordinal);
        Assert.Equal("spare", reply.Header("x-llm-model"));
    }

    private static string Events(params string[] data) =>
        string.Concat(data.Select(json => $"event: {JsonNode.Parse(json)!["type"]}\ndata: {json}\n\n"));

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                EnvironmentLlms = "never",
                Llms = new object[]
                {
                    new { Name = "claude", Provider = "anthropic", Model = "*", BaseUrl = Upstream.BaseUrl, Auth = new { api_key = "sk-ant-vendor-key" } },
                    new { Name = "busy", Provider = "anthropic", Model = "c-busy", Upstream.BaseUrl, Fallbacks = new[] { "spare" }, Auth = new { api_key = "sk-ant-vendor-key" } },
                    new { Name = "spare", Provider = "anthropic", Model = "c-spare", Upstream.BaseUrl, Auth = new { api_key = "sk-ant-vendor-key" } },
                },
            }),
        };
    }
}
