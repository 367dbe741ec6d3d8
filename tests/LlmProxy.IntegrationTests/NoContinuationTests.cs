using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;
using static LlmProxy.IntegrationTests.ContinuationFixture;

namespace LlmProxy.IntegrationTests;

/// <summary>A stream that nobody may or can go on with ends with an error event, and nobody is asked.</summary>
public sealed class NoContinuationTests(ContinuationFixture fixture) : IClassFixture<ContinuationFixture>
{
    [Fact]
    public async Task ChatStream_NextLlmCannotGoOn_EndsWithAnErrorEvent()
    {
        foreach (int cut in Cuts)
        {
            var gate = new Gate();
            fixture.Dies(cut, Deaths[cut % Deaths.Length], gate);
            int before = fixture.Other.Calls.Count;
            await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-openai", Body), Wish);
            SeenAnswer seen = ChatAccumulator.Stream(await ReadAsync(reply, cut, gate), askedForUsage: true);

            Assert.Equal(string.Concat(ReplayingVendors.Pieces[..cut]), seen.Text);
            Assert.NotNull(seen.Error);
            Assert.False(seen.HasDone);
            Assert.Equal(before, fixture.Other.Calls.Count);
        }
    }

    [Fact]
    public async Task ChatStream_WithoutTheWish_EndsWithAnErrorEvent()
    {
        fixture.Dies(20, StreamDeath.End);
        int before = fixture.Other.Calls.Count;

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body));
        SeenAnswer seen = ChatAccumulator.Stream(await reply.Events.RestAsync(), askedForUsage: true);

        Assert.NotNull(seen.Error);
        Assert.False(seen.HasDone);
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Theory]
    [InlineData("\"n\":2")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}")]
    public async Task ChatStream_IsMoreThanOneText_EndsWithAnErrorEvent(string more)
    {
        fixture.Dies(20, StreamDeath.End);
        int before = fixture.Other.Calls.Count;

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body + "," + more), Wish);
        List<string> data = await reply.Events.RestAsync();

        Assert.NotNull(JsonNode.Parse(data[^1])!["error"]);
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Theory]
    [InlineData("""{"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"f","arguments":"{\"a"}}]}""")]
    [InlineData("""{"reasoning_content":"Hmm"}""")]
    [InlineData("""{"content":"One half of a pair \ud83d"}""")]
    public async Task ChatStream_DiesInWhatIsNoText_EndsWithAnErrorEvent(string delta)
    {
        fixture.Upstream.Once("dies-openai", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk("Let me see.")), Step.Send(OpenAiAnswers.Chunk(delta)), Step.Send("")));
        int before = fixture.Other.Calls.Count;

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body), Wish);
        List<string> data = await reply.Events.RestAsync();

        Assert.NotNull(JsonNode.Parse(data[^1])!["error"]);
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Theory]
    [InlineData("passed-vllm", "x-llm-fallback", "off")]
    [InlineData("house-mistral", "x-llm-local-only", "true")]
    public async Task ChatStream_HouseRuleLeavesNobody_EndsWithAnErrorEvent(string chain, string wish, string value)
    {
        fixture.Dies(20, StreamDeath.End);
        int before = fixture.Other.Calls.Count;

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody(chain, Body), Wish, (wish, value));
        List<string> data = await reply.Events.RestAsync();

        Assert.NotNull(JsonNode.Parse(data[^1])!["error"]);
        Assert.Equal(before, fixture.Other.Calls.Count);
    }
}
