using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>With nothing configured the gateway answers all the same, and says how to configure it.</summary>
public sealed class DummyTests(DummyTests.Fixture fixture) : IClassFixture<DummyTests.Fixture>
{
    private const string Tools =
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"days\":{\"type\":\"integer\"}},\"required\":[\"city\",\"days\"]}}}],\"tool_choice\":\"required\"";

    private const string Schema =
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"w\",\"strict\":true,\"schema\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"degrees\":{\"type\":\"number\"},\"kind\":{\"enum\":[\"sun\",\"rain\"]}},\"required\":[\"city\",\"degrees\",\"kind\"],\"additionalProperties\":false}}}";

    [Theory]
    [InlineData("dummy")]
    [InlineData("auto")]
    [InlineData("default")]
    public async Task Chat_WithNothingConfigured_SaysHowToConfigure(string model)
    {
        Reply reply = await fixture.Client.ChatAsync(model);

        Expect.Ok(reply);
        Assert.Equal("dummy", reply.Header("x-llm-provider"));
        Assert.Equal("chat.completion", reply.Json["object"]!.ToString());
        Assert.Contains("OPENAI_API_KEY", reply.Content, StringComparison.Ordinal);
        Assert.Equal("stop", reply.Json["choices"]![0]!["finish_reason"]!.ToString());
        JsonNode usage = reply.Json["usage"]!;
        Assert.Equal(usage["total_tokens"]!.GetValue<int>(), usage["prompt_tokens"]!.GetValue<int>() + usage["completion_tokens"]!.GetValue<int>());
        Assert.True(usage["completion_tokens"]!.GetValue<int>() > 0);
    }

    [Fact]
    public async Task Chat_Streamed_ComesWordByWordAndSaysTheSame()
    {
        string? plain = (await fixture.Client.ChatAsync("dummy")).Content;

        await using StreamReply reply = await fixture.Client.StreamChatAsync("dummy");
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal("text/event-stream", reply.MediaType);
        Expect.WholeStream(data, plain!);
        Assert.True(data.Count > 10);
        Assert.DoesNotContain(data.SkipLast(1), d => JsonNode.Parse(d)!["usage"] is not null);
    }

    [Fact]
    public async Task Chat_StreamedWithUsage_CountsInALastChunk()
    {
        await using StreamReply reply = await fixture.Client.StreamAsync(
            "/v1/chat/completions", GatewayCalls.ChatBody("dummy", "\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        List<string> data = await reply.Events.RestAsync();

        JsonNode last = JsonNode.Parse(data[^2])!;
        Assert.Empty(last["choices"]!.AsArray());
        Assert.True(last["usage"]!["completion_tokens"]!.GetValue<int>() > 0);
    }

    [Fact]
    public async Task Chat_WithTools_CallsOneWithArgumentsThatFit()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("dummy", Tools));

        Expect.Ok(reply);
        JsonNode choice = reply.Json["choices"]![0]!;
        Assert.Equal("tool_calls", choice["finish_reason"]!.ToString());
        JsonNode function = choice["message"]!["tool_calls"]![0]!["function"]!;
        Assert.Equal("get_weather", function["name"]!.ToString());
        JsonNode arguments = JsonNode.Parse(function["arguments"]!.GetValue<string>())!;
        Assert.Equal(System.Text.Json.JsonValueKind.String, arguments["city"]!.GetValueKind());
        Assert.Equal(System.Text.Json.JsonValueKind.Number, arguments["days"]!.GetValueKind());
    }

    [Fact]
    public async Task Chat_WithToolsStreamed_SendsTheArgumentsInPieces()
    {
        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("dummy", "\"stream\":true," + Tools));
        List<string> data = await reply.Events.RestAsync();

        IEnumerable<JsonNode> calls = data.SkipLast(1).SelectMany(d => JsonNode.Parse(d)!["choices"]!.AsArray())
            .Select(c => c!["delta"]?["tool_calls"]?[0]).OfType<JsonNode>();
        string arguments = string.Concat(calls.Select(c => c["function"]?["arguments"]?.ToString()));
        Assert.NotNull(JsonNode.Parse(arguments)!["city"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_WithASchema_AnswersJsonThatFits(bool stream)
    {
        string content;
        if (stream)
        {
            await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("dummy", "\"stream\":true," + Schema));
            content = SseReader.ContentOf(await reply.Events.RestAsync());
        }
        else
        {
            content = (await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("dummy", Schema))).Content!;
        }

        JsonObject value = JsonNode.Parse(content)!.AsObject();
        Assert.Equal(["city", "degrees", "kind"], value.Select(m => m.Key));
        Assert.Equal(System.Text.Json.JsonValueKind.Number, value["degrees"]!.GetValueKind());
        Assert.Contains(value["kind"]!.ToString(), (string[])["sun", "rain"]);
    }

    [Fact]
    public async Task Embeddings_OfTheSameText_AreTheSame()
    {
        const string body = """{"model":"dummy","input":["one","two","one"]}""";

        Reply first = await fixture.Client.PostAsync("/v1/embeddings", body);
        Reply second = await fixture.Client.PostAsync("/v1/embeddings", body);

        Expect.Ok(first);
        string Vector(Reply reply, int index) => reply.Json["data"]![index]!["embedding"]!.ToJsonString();
        Assert.Equal(Vector(first, 0), Vector(second, 0));
        Assert.Equal(Vector(first, 0), Vector(first, 2));
        Assert.NotEqual(Vector(first, 0), Vector(first, 1));
    }

    [Fact]
    public async Task Models_WithNothingConfigured_ShowTheDummy()
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/models");

        Assert.Contains(reply.Json["data"]!.AsArray(), m => m!["owned_by"]!.ToString() == "dummy");
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new();
    }
}
