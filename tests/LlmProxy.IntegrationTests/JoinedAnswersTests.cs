using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Several answers of a vendor that gives one at a time: asked as often, told as one.</summary>
public sealed class JoinedAnswersTests(JoinedAnswersTests.Fixture fixture) : IClassFixture<JoinedAnswersTests.Fixture>
{
    [Fact]
    public async Task Plain_ThreeAnswers_AreThreeChoicesAndTheirUsageTogether()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("three", "\"n\":3"));

        Expect.Ok(reply);
        JsonArray choices = reply.Json["choices"]!.AsArray();
        Assert.Equal([0, 1, 2], choices.Select(c => (int)c!["index"]!));
        Assert.All(choices, c => Assert.StartsWith("Answer ", c!["message"]!["content"]!.ToString(), StringComparison.Ordinal));
        Assert.Equal(3, choices.Select(c => c!["message"]!["content"]!.ToString()).Distinct().Count());
        Assert.Equal((30, 12), ((int)reply.Json["usage"]!["prompt_tokens"]!, (int)reply.Json["usage"]!["completion_tokens"]!));
        Assert.Equal(3, fixture.Upstream.CallsFor("claude-three").Count);
        Assert.All(fixture.Upstream.CallsFor("claude-three"), call => Assert.False(call.Json.AsObject().ContainsKey("n")));
        Assert.Null(reply.Header("x-llm-dropped-params"));
        Assert.Equal("1", reply.Header("x-llm-attempts"));
    }

    [Fact]
    public async Task Stream_TwoAnswers_AreTwoChoicesInOneStream()
    {
        await using StreamReply reply = await fixture.Client.StreamAsync(
            "/v1/chat/completions", GatewayCalls.ChatBody("two", "\"n\":2,\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal("[DONE]", data[^1]);
        List<JsonNode> chunks = [.. data.SkipLast(1).Select(d => JsonNode.Parse(d)!)];
        string[] said = ["", ""];
        foreach (JsonNode? choice in chunks.SelectMany(c => c["choices"]!.AsArray()))
        {
            said[(int)choice!["index"]!] += choice["delta"]!["content"]?.ToString();
        }

        Assert.All(said, text => Assert.StartsWith("Answer ", text, StringComparison.Ordinal));
        Assert.NotEqual(said[0], said[1]);
        Assert.Equal(2, chunks.SelectMany(c => c["choices"]!.AsArray()).Count(c => c!["finish_reason"] is not null));
        Assert.Equal((20, 8), ((int)chunks[^1]["usage"]!["prompt_tokens"]!, (int)chunks[^1]["usage"]!["completion_tokens"]!));
        Assert.Equal(2, fixture.Upstream.CallsFor("claude-two").Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"stream\":true")]
    public async Task OneOfThem_IsRefused_TheNextLlmAnswers(string more)
    {
        fixture.Upstream.Once("claude-flaky", FirstAnswer, Answers.Error(529, "Overloaded", "overloaded_error"));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("flaky", "\"n\":2" + more));

        Expect.Ok(reply);
        Assert.Equal(("stand-in", "2"), (reply.Header("x-llm-model"), reply.Header("x-llm-attempts")));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"stream\":true")]
    public async Task OneOfThem_BreaksOff_TheCallFailsByName(string more)
    {
        UpstreamAnswer half = more.Length == 0
            ? Answers.BreakAfter("{\"id\":\"msg_1\",\"type\":\"message\"}"u8.ToArray(), 6)
            : Answers.Sse(Step.Send("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\"usage\":{\"input_tokens\":1}}}\n\n"));
        fixture.Upstream.Once("claude-half", half, half);

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("half", "\"n\":2" + more));

        Expect.Error(reply, 502, "provider_error");
        await AdminCalls.UntilAsync( // Its vendor bills what it had begun.
            async () => (await fixture.Client.FetchAsync("/metrics")).Text.Split('\n').Any(line => line.StartsWith("llm_tokens_used_total{", StringComparison.Ordinal) && line.Contains("half", StringComparison.Ordinal)),
            () => fixture.Gateway.Logs.Text);
    }

    private static UpstreamAnswer FirstAnswer => call => Fixture.AnswerAsync(call, 1);

    public sealed class Fixture : GatewayFixture
    {
        private int _count;

        public static Task AnswerAsync(UpstreamCall call, int number)
        {
            string usage = "{\"input_tokens\":10,\"output_tokens\":4}";
            return call.WantsStream
                ? Answers.Sse(
                    Step.Send($$"""event: message_start{{"\n"}}data: {"type":"message_start","message":{"id":"msg_{{number}}","type":"message","role":"assistant","model":"claude-x","content":[],"usage":{"input_tokens":10,"output_tokens":1} } }{{"\n\n"}}"""),
                    Step.Send("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"),
                    Step.Send("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Answer \"}}\n\n"),
                    Step.Send($$"""event: content_block_delta{{"\n"}}data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{number}}"} }{{"\n\n"}}"""),
                    Step.Send("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"),
                    Step.Send("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":4}}\n\n"),
                    Step.Send("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"))(call)
                : Answers.Json($$"""{"id":"msg_{{number}}","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Answer {{number}}"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{usage}}}""")(call);
        }

        protected override GatewaySettings Settings()
        {
            Upstream.Otherwise(call => AnswerAsync(call, Interlocked.Increment(ref _count)));
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Llms = new object[]
                    {
                        new { Name = "three", Provider = "anthropic", Model = "claude-three", BaseUrl = Upstream.Address },
                        new { Name = "two", Provider = "anthropic", Model = "claude-two", BaseUrl = Upstream.Address },
                        new { Name = "half", Provider = "anthropic", Model = "claude-half", BaseUrl = Upstream.Address },
                        new { Name = "flaky", Provider = "anthropic", Model = "claude-flaky", BaseUrl = Upstream.Address, Fallbacks = new[] { "stand-in" } },
                        new { Name = "stand-in", Provider = "custom", Model = "openai-like", Other.BaseUrl },
                    },
                    Resilience = new { MaxRetries = 0 },
                }),
            };
        }
    }
}
