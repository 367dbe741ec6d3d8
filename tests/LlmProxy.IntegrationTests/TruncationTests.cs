using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A conversation that is too long for the LLM loses its oldest turns where the caller wishes it, and not otherwise.</summary>
public sealed class TruncationTests(TruncationTests.Fixture fixture) : IClassFixture<TruncationTests.Fixture>
{
    private static readonly string Pad = new('x', 2000);

    [Fact]
    public async Task Chat_LongerThanTheWindow_ReachesTheVendorWithoutItsOldestTurns()
    {
        string body = $$"""{"model":"small","x_own":[1,  2],"messages":[{"role":"system","content":"S {{Pad}}"},{"role":"user","content":"u1 {{Pad}}"}, {"role":"assistant","content":"a1 {{Pad}}"}, {"role":"user","content":"u2"}],"max_tokens":100}""";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", body, ("x-llm-truncate", "true"));

        Expect.Ok(reply);
        Assert.Equal("2 messages", reply.Header("x-llm-truncated"));
        string sent = Assert.Single(fixture.Upstream.CallsFor("small-model")).Text;
        Assert.Equal(
            $$"""{"model":"small-model","x_own":[1,  2],"messages":[{"role":"system","content":"S {{Pad}}"}, {"role":"user","content":"u2"}],"max_tokens":100}""",
            sent);
    }

    [Fact]
    public async Task Chat_WithoutTheWish_IsNotTouched()
    {
        string body = $$"""{"model":"plain","messages":[{"role":"user","content":"u1 {{Pad}}{{Pad}}"},{"role":"assistant","content":"a1 {{Pad}}"},{"role":"user","content":"u2"}]}""";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", body);

        Assert.Null(reply.Header("x-llm-truncated"));
        Assert.Equal(3, Assert.Single(fixture.Upstream.CallsFor("plain-model")).Json["messages"]!.AsArray().Count);
    }

    [Fact]
    public async Task Chat_ToATranslatedVendor_LosesItsOldRoundOfTools()
    {
        string body = $$$"""
            {"model":"claude","llm":{"truncate":true},"max_tokens":100,"messages":[{"role":"system","content":"S"},{"role":"user","content":"u1 {{{Pad}}}"},{"role":"assistant","content":null,
            "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":\"{{{Pad}}}\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"{{{Pad}}}"},{"role":"assistant","content":"a1"},{"role":"user","content":"u2"}]}
            """;
        fixture.Other.On("claude-model", Answers.Json("""{"id":"m","type":"message","role":"assistant","model":"claude-model","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"""));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", body);

        Expect.Ok(reply);
        Assert.Equal("2 messages", reply.Header("x-llm-truncated"));
        JsonNode sent = Assert.Single(fixture.Other.CallsFor("claude-model")).Json;
        Assert.Equal(["user", "assistant", "user"], sent["messages"]!.AsArray().Select(m => m!["role"]!.ToString()));
        Assert.DoesNotContain("tool_", sent["messages"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("S", sent["system"]!.ToJsonString(), StringComparison.Ordinal);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "small", Provider = "openai", Model = "small-model", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, ContextWindow = 1000 },
                    new { Name = "plain", Provider = "openai", Model = "plain-model", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, ContextWindow = 1000 },
                    new { Name = "claude", Provider = "anthropic", Model = "claude-model", BaseUrl = Other.Address, Auth = new { api_key = "sk-2" }, ContextWindow = 1000 },
                },
            }),
        };
    }
}
