using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.IntegrationTests;

/// <summary>Answers that are known already: in which forms they come again, to whom, and which are not kept.</summary>
public sealed class CachedAnswersTests(CachedAnswersTests.Fixture fixture) : IClassFixture<CachedAnswersTests.Fixture>
{
    private const string Stream = "\"stream\":true";
    private const string StreamWithUsage = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";
    private const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task Stream_Again_IsTheSameStreamFromTheCache()
    {
        Reply first = await ChatAsync("again", Stream);
        Reply second = await ChatAsync("again", Stream);

        AssertHit(second, "again");
        Assert.Equal("miss", first.Header("x-llm-cache"));
        Assert.Equal(first.Text, second.Text);
        Assert.Equal("text/event-stream", second.MediaType);
        Assert.Equal("up", second.Header("x-llm-model"));
    }

    [Theory]
    [InlineData("", Stream)]
    [InlineData("", StreamWithUsage)]
    [InlineData(Stream, "")]
    [InlineData(Stream, StreamWithUsage)]
    [InlineData(StreamWithUsage, "")]
    [InlineData(StreamWithUsage, Stream)]
    public async Task ChatAnswer_AskedForInAnotherForm_SaysTheSameAndFollowsTheSchema(string first, string second)
    {
        string model = $"form-{first.Length}-{second.Length}";
        SeenAnswer asked = See(await ChatAsync(model, first), first);

        Reply again = await ChatAsync(model, second);

        AssertHit(again, model);
        SeenAnswer known = See(again, second);
        Assert.Empty(known.Problems);
        Assert.Equal((asked.Text, asked.Finish, asked.Model), (known.Text, known.Finish, known.Model));
        if (second != Stream)
        {
            Assert.Equal((9, 5, 4, 2), known.Usage);
        }
    }

    [Theory]
    [InlineData("", Stream)]
    [InlineData(Stream, "")]
    public async Task ToolCalls_AskedForInAnotherForm_AreTheSame(string first, string second)
    {
        const string tools = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":{\"type\":\"object\"}}}]";
        string model = $"tools-{first.Length}";
        SeenAnswer asked = See(await ChatAsync(model, Join(tools, first)), first);

        Reply again = await ChatAsync(model, Join(tools, second));

        AssertHit(again, model);
        SeenAnswer known = See(again, second);
        Assert.Empty(known.Problems);
        Assert.Equal(2, known.Calls.Count);
        Assert.Equal(asked.Calls, known.Calls);
        Assert.Equal("tool_calls", known.Finish);
    }

    [Fact]
    public async Task Stream_WrittenAnew_KeepsTheBoundariesItHad()
    {
        Reply stream = await ChatAsync("pieces", Stream);

        Reply replay = await ChatAsync("pieces", StreamWithUsage);

        AssertHit(replay, "pieces");
        Assert.Equal(["Hello", " from", " the", " upstream."], PiecesOf(stream));
        Assert.Equal(PiecesOf(stream), PiecesOf(replay));
    }

    [Theory]
    [InlineData("", Stream)]
    [InlineData(Stream, "")]
    [InlineData(Stream, StreamWithUsage)]
    public async Task Completion_AskedForInAnotherForm_SaysTheSame(string first, string second)
    {
        string model = $"text-{first.Length}-{second.Length}";
        Reply asked = await fixture.Client.PostAsync("/v1/completions", Prompt(model, first));

        Reply again = await fixture.Client.PostAsync("/v1/completions", Prompt(model, second));

        AssertHit(again, model);
        Assert.Equal("Once more", TextOf(asked));
        Assert.Equal("Once more", TextOf(again));
        if (second.Length > 0)
        {
            Assert.Equal("[DONE]", ChatAccumulator.DataOf(again.Text).Last());
            Assert.Equal(second == StreamWithUsage, again.Text.Contains("\"total_tokens\":5", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Embeddings_Again_AreTheSame()
    {
        const string body = """{"model":"custom/vectors","input":"text"}""";
        Reply first = await fixture.Client.PostAsync("/v1/embeddings", body);

        Reply second = await fixture.Client.PostAsync("/v1/embeddings", body);

        AssertHit(second, "vectors");
        Assert.Equal(first.Text, second.Text);
    }

    [Theory]
    [InlineData("", Stream)]
    [InlineData(Stream, "")]
    public async Task AnthropicAnswer_AskedForInAnotherForm_SaysTheSame(string first, string second)
    {
        string model = $"message-{first.Length}";
        Reply asked = await fixture.Client.PostAsync("/v1/messages", Message(model, first));

        Reply again = await fixture.Client.PostAsync("/v1/messages", Message(model, second));

        Expect.Ok(asked);
        AssertHit(again, model);
        if (second.Length == 0)
        {
            Assert.Equal(OpenAiAnswers.Text, again.Json["content"]?[0]?["text"]?.ToString());
            Assert.Equal("end_turn", again.Json["stop_reason"]?.ToString());
        }
        else
        {
            Assert.Equal(OpenAiAnswers.Text, string.Concat(ChatAccumulator.DataOf(again.Text).Select(d => JsonNode.Parse(d)!).Where(d => d["type"]!.ToString() == "content_block_delta").Select(d => d["delta"]!["text"]!.ToString())));
            Assert.Contains("event: message_stop", again.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Body_WrittenInAnotherWay_IsTheSameQuestion()
    {
        await fixture.Client.PostAsync(Chat, """{"model":"custom/letters","messages":[{"role":"user","content":"a  b"}],"max_tokens":5}""");

        Reply spaced = await fixture.Client.PostAsync(Chat, """{ "max_tokens": 5, "user":"u-1", "llm":{"tags":["x"]}, "messages": [ { "content": "a  b", "role": "user" } ], "model": "custom/letters" }""");
        Reply other = await fixture.Client.PostAsync(Chat, """{"model":"custom/letters","messages":[{"role":"user","content":"a b"}],"max_tokens":5}""");

        Assert.Equal("hit", spaced.Header("x-llm-cache"));
        Assert.Equal("miss", other.Header("x-llm-cache"));
        Assert.Equal(2, fixture.Upstream.CallsFor("letters").Count);
    }

    [Fact]
    public async Task Header_ThatAVendorSees_IsPartOfTheQuestion()
    {
        await ChatAsync("beta", "");

        Reply reply = await fixture.Client.ChatAsync("custom/beta", ("openai-beta", "assistants=v2"));

        Assert.Equal("miss", reply.Header("x-llm-cache"));
    }

    [Fact]
    public async Task Refresh_AsksAnewAndItsAnswerIsKept()
    {
        fixture.Upstream.Once("refreshed", OpenAiAnswers.Chat("old"), OpenAiAnswers.Chat("new"));
        await ChatAsync("refreshed", "");

        Reply refreshed = await fixture.Client.ChatAsync("custom/refreshed", ("x-llm-cache", "refresh"));
        Reply after = await ChatAsync("refreshed", "");

        Assert.Equal(("miss", "new"), (refreshed.Header("x-llm-cache"), refreshed.Content));
        Assert.Equal(("hit", "new"), (after.Header("x-llm-cache"), after.Content));
    }

    [Fact]
    public async Task Off_NeitherReadsNorKeeps()
    {
        Reply off = await fixture.Client.ChatAsync("custom/off", ("x-llm-cache", "off"));

        Assert.Equal("bypass", off.Header("x-llm-cache"));
        Assert.Equal("miss", (await ChatAsync("off", "")).Header("x-llm-cache"));
    }

    [Fact]
    public async Task Ttl_OfOneCall_IsHowLongItsAnswerLives()
    {
        await fixture.Client.ChatAsync("custom/short", ("x-llm-cache-ttl", "1"));
        string? cache = (await ChatAsync("short", "")).Header("x-llm-cache");
        for (int i = 0; i < 500 && cache == "hit"; i++)
        {
            await Task.Delay(10);
            cache = (await ChatAsync("short", "")).Header("x-llm-cache");
        }

        Assert.Equal("miss", cache);
    }

    [Fact]
    public async Task Metadata_OfAKnownAnswer_SaysThatItCostNothing()
    {
        await ChatAsync("told", ""); // A stream's client sees its end before the answer is kept.

        Reply whole = await fixture.Client.ChatAsync("custom/told", ("x-llm-metadata", "true"));
        Reply stream = await fixture.Client.PostAsync(Chat, GatewayCalls.ChatBody("custom/told", Stream), ("x-llm-metadata", "true"));

        AssertHit(whole, "told");
        AssertHit(stream, "told");
        Assert.Equal("0", whole.Json["llm"]?["cost_usd"]?.ToJsonString());
        Assert.Equal("0", JsonNode.Parse(ChatAccumulator.DataOf(stream.Text).SkipLast(1).Last())!["llm"]?["cost_usd"]?.ToJsonString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BrokenStream_IsNotKept(bool endsWell)
    {
        string model = "broken-" + endsWell;
        Step end = endsWell ? Step.Send("data: {\"error\":{\"message\":\"Overloaded\"}}\n\n") : Step.Break;
        fixture.Upstream.Once(model, Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk("Hel")), end));
        Reply broken = await ChatAsync(model, Stream);

        Reply reply = await ChatAsync(model, "");

        Assert.Contains("\"error\"", broken.Text, StringComparison.Ordinal);
        Assert.Equal(("miss", OpenAiAnswers.Text), (reply.Header("x-llm-cache"), reply.Content));
    }

    [Fact]
    public async Task StandInsAnswer_IsNotKept()
    {
        fixture.Upstream.Once("fallen", Answers.Error(500, "Broken"));
        Reply standIn = await fixture.Client.ChatAsync("pair");
        Reply first = await fixture.Client.ChatAsync("pair");

        Assert.NotNull(standIn.Header("x-llm-fallback"));
        Assert.Equal("miss", first.Header("x-llm-cache"));
        Assert.Null(first.Header("x-llm-fallback"));
    }

    [Fact]
    public async Task AnswerBeyondItsShare_IsNotKept()
    {
        fixture.Upstream.On("large", OpenAiAnswers.Chat(new string('a', 40_000)));
        await ChatAsync("large", "");
        await ChatAsync("large", Stream);

        Assert.Equal("miss", (await ChatAsync("large", "")).Header("x-llm-cache"));
    }

    [Fact]
    public async Task LlmThatTheKeyMayNotUse_IsNotQuoted()
    {
        fixture.Upstream.On("first", OpenAiAnswers.Chat("of the first"));
        fixture.Upstream.On("second", OpenAiAnswers.Chat("of the second"));
        Reply all = await fixture.Client.ChatAsync("auto:priority", ("x-api-key", Fixture.All));

        Reply narrow = await fixture.Client.ChatAsync("auto:priority", ("x-api-key", Fixture.Narrow));

        Assert.Equal("of the first", all.Content);
        Assert.Equal(("miss", "of the second"), (narrow.Header("x-llm-cache"), narrow.Content));
    }

    private Task<Reply> ChatAsync(string model, string more) => fixture.Client.PostAsync(Chat, GatewayCalls.ChatBody("custom/" + model, more));

    private void AssertHit(Reply reply, string model)
    {
        Expect.Ok(reply);
        Assert.Equal("hit", reply.Header("x-llm-cache"));
        Assert.NotNull(reply.Header("age"));
        Assert.Equal(reply.Text.StartsWith('{') ? "application/json" : "text/event-stream", reply.MediaType);
        Assert.Single(fixture.Upstream.CallsFor(model));
    }

    private static SeenAnswer See(Reply reply, string form) => form.Length == 0
        ? ChatAccumulator.Whole(reply.Text)
        : ChatAccumulator.Stream(ChatAccumulator.DataOf(reply.Text), form == StreamWithUsage);

    private static string[] PiecesOf(Reply reply) =>
        [.. ChatAccumulator.DataOf(reply.Text).SkipLast(1).Select(d => JsonNode.Parse(d)!["choices"]!.AsArray()).Where(c => c.Count > 0)
            .Select(c => c[0]!["delta"]!["content"]?.ToString() ?? "").Where(text => text.Length > 0)];

    private static string Join(string a, string b) => b.Length == 0 ? a : a + "," + b;

    private static string Prompt(string model, string more) => $$"""{"model":"custom/{{model}}","prompt":"Say it"{{(more.Length > 0 ? "," + more : "")}}}""";

    private static string Message(string model, string more) => $$"""{"model":"custom/{{model}}","max_tokens":20,"messages":[{"role":"user","content":"Hello"}]{{(more.Length > 0 ? "," + more : "")}}}""";

    private static string TextOf(Reply reply) => reply.MediaType == "application/json"
        ? reply.Json["choices"]![0]!["text"]!.ToString()
        : string.Concat(ChatAccumulator.DataOf(reply.Text).SkipLast(1).Select(d => JsonNode.Parse(d)!["choices"]!.AsArray()).Where(c => c.Count > 0).Select(c => c[0]!["text"]!.ToString()));

    public sealed class Fixture : GatewayFixture
    {
        public const string All = "sk-all-models-0123456789";
        public const string Narrow = "sk-one-model-only-0123456789";

        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Auth = new { Mode = "open" },
                Keys = new object[]
                {
                    new { Name = "all", Key = All, Workspace = "shared" },
                    new { Name = "narrow", Key = Narrow, Workspace = "shared", AllowedModels = new[] { "second" } },
                },
                Llms = new object[]
                {
                    new { Name = "first", Provider = "custom", Model = "first", Upstream.BaseUrl, Priority = 1 },
                    new { Name = "second", Provider = "custom", Model = "second", Upstream.BaseUrl, Priority = 2 },
                    new { Name = "fallen", Provider = "custom", Model = "fallen", Upstream.BaseUrl, Priority = 50 },
                    new { Name = "standing", Provider = "custom", Model = "standing", Upstream.BaseUrl, Priority = 51 },
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl },
                },
                Chains = new { pair = new[] { "fallen", "standing" } },
                Cache = new { Enabled = true, MaxBytes = 200_000 },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
