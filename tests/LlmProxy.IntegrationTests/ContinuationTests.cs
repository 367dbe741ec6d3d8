using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;
using static LlmProxy.IntegrationTests.ContinuationFixture;

namespace LlmProxy.IntegrationTests;

/// <summary>A stream that dies after output is gone on with by the next LLM that can, and the client reads one answer.</summary>
public sealed class ContinuationTests(ContinuationFixture fixture) : IClassFixture<ContinuationFixture>
{
    private static readonly string[] Continuers = ["vllm", "anthropic", "mistral", "ollama"];

    /// <summary>Whether the first LLM's bytes pass to a client of OpenAI's dialect, and who goes on.</summary>
    public static TheoryData<string, string> FirstsAndContinuers
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (string continuer in Continuers)
            {
                all.Add("passed", continuer);
                all.Add("translated", continuer);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(FirstsAndContinuers))]
    public async Task ChatStream_DiesAtTwentyPlaces_IsOneSeamlessAnswer(string first, string continuer)
    {
        foreach (int cut in Cuts)
        {
            var gate = new Gate();
            fixture.Dies(cut, Deaths[cut % Deaths.Length], gate);
            await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody($"{first}-{continuer}", Body), Wish);
            List<string> data = await ReadAsync(reply, cut, gate);

            SeenAnswer seen = ChatAccumulator.Stream(data, askedForUsage: true);
            Assert.Null(seen.Error);
            Assert.Empty(seen.Problems);
            Assert.Equal(ReplayingVendors.Text, seen.Text);
            Assert.Equal("stop", seen.Finish);
            Assert.True(seen.HasDone);
            Assert.Equal(first == "passed" ? "dies-openai" : "claude-3-5-dies", seen.Model);
            Assert.Equal($"{first}-dies", reply.Header("x-llm-model"));
            JsonNode continued = JsonNode.Parse(data[^2])!["llm"]!["continued"]![0]!;
            Assert.Equal($"{first}-dies", (string?)continued["model"]);
            Assert.Equal(string.Concat(ReplayingVendors.Pieces[..cut]).Length, (int?)continued["characters"]);
            Assert.Equal("estimated", (string?)JsonNode.Parse(data[^2])!["llm"]!["usage_source"]);
            Assert.True(seen.Usage!.Value.Completion > cut, $"{seen.Usage} at {cut}"); // Those of the first are counted, and the second's five on top.
            Assert.All(data.SkipLast(2), chunk => Assert.Null(JsonNode.Parse(chunk)!["llm"]));
        }
    }

    [Theory]
    [MemberData(nameof(FirstsAndContinuers))]
    public async Task MessagesStream_Dies_IsOneSeamlessAnswer(string first, string continuer)
    {
        foreach (int cut in Cuts.Where((_, i) => i % 5 == 0))
        {
            fixture.Dies(cut, Deaths[1 + (cut % 3)]);

            // An LLM of the client's own dialect passes its bytes, the other's are translated.
            string chain = $"{(first == "passed" ? "translated" : "passed")}-{continuer}";
            const string body = "\"max_tokens\":1000,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
            await using StreamReply reply = await fixture.Client.StreamAsync("/v1/messages", $$"""{"model":"{{chain}}",{{body}}}""", Wish);
            JsonNode[] events = [.. (await reply.Events.RestAsync()).Select(data => JsonNode.Parse(data)!)];

            string[] kinds = [.. events.Select(e => (string)e["type"]!)];
            Assert.Equal(
                ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"],
                kinds.Where((kind, i) => i == 0 || kinds[i - 1] != kind));
            Assert.Equal(ReplayingVendors.Text, string.Concat(events.Select(e => (string?)e["delta"]?["text"])));
            Assert.Equal("end_turn", (string?)events[^2]["delta"]!["stop_reason"]);
            Assert.True((int?)events[^2]["usage"]!["output_tokens"] > cut);
            Assert.NotNull(events[^1]["llm"]!["continued"]);
        }
    }

    [Theory]
    [InlineData("ollama-dies")]
    [InlineData("passed-dies")]
    public async Task OllamaStream_Dies_IsOneSeamlessAnswer(string first)
    {
        foreach (int cut in Cuts.Where((_, i) => i % 5 == 0))
        {
            fixture.Dies(cut, Deaths[1 + (cut % 3)]);

            Reply reply = await fixture.Client.PostAsync("/api/chat", """{"model":"MODEL","messages":[{"role":"user","content":"Hi"}]}""".Replace("MODEL", first + "-then-vllm", StringComparison.Ordinal), Wish);

            Expect.Ok(reply);
            JsonNode[] lines = [.. reply.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
            Assert.Equal(ReplayingVendors.Text, string.Concat(lines.Select(line => (string?)line["message"]!["content"])));
            Assert.Single(lines, line => (bool)line["done"]!);
            Assert.Single(lines.Select(line => (string?)line["model"]).Distinct());
            Assert.True((int?)lines[^1]["eval_count"] > cut);
            Assert.NotNull(lines[^1]["llm"]!["continued"]);
        }
    }

    [Fact]
    public async Task ResponsesStream_TranslatedOneDies_IsOneSeamlessAnswer()
    {
        fixture.Dies(33, StreamDeath.End);

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/responses", """{"model":"translated-vllm","stream":true,"input":"Hi"}""", Wish);
        JsonNode[] events = [.. (await reply.Events.RestAsync()).Select(data => JsonNode.Parse(data)!)];

        Assert.Equal(Enumerable.Range(0, events.Length), events.Select(e => (int)e["sequence_number"]!));
        Assert.Equal(ReplayingVendors.Text, string.Concat(events.Where(e => (string?)e["type"] == "response.output_text.delta").Select(e => (string?)e["delta"])));
        Assert.Equal("response.completed", (string?)events[^1]["type"]);
        Assert.Equal(ReplayingVendors.Text, (string?)events[^1]["response"]!["output"]![0]!["content"]![0]!["text"]);
        Assert.NotNull(events[^1]["response"]!["llm"]!["continued"]);
    }

    [Fact]
    public async Task ChatStream_FallsSilent_IsGoneOnWith()
    {
        fixture.Dies(50, StreamDeath.Silence);

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("silent-vllm", Body), Wish);
        SeenAnswer seen = ChatAccumulator.Stream(await reply.Events.RestAsync(), askedForUsage: true);

        Assert.Empty(seen.Problems);
        Assert.Equal(ReplayingVendors.Text, seen.Text);
    }

    [Fact]
    public async Task ChatStream_WithMetadata_LosesNoChunkAtTheSeam()
    {
        foreach (StreamDeath death in Deaths.Skip(1))
        {
            fixture.Dies(60, death);

            await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body), Wish, ("x-llm-metadata", "true"));
            List<string> data = await reply.Events.RestAsync();

            Assert.Equal(ReplayingVendors.Text, ChatAccumulator.Stream(data, askedForUsage: true).Text);
            JsonNode llm = JsonNode.Parse(data[^2])!["llm"]!;
            Assert.Equal("vllm", (string?)llm["model"]);
            Assert.Equal(2, (int?)llm["attempts"]);
            Assert.True((decimal)llm["cost_usd"]! > 0); // The first's; what runs in the house costs nothing.
        }
    }

    [Fact]
    public async Task ChatStream_GoneOnWith_EachPieceComesAtOnce()
    {
        fixture.Dies(60, StreamDeath.End);
        fixture.Other.Once("goes-on-vllm", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("newest piece")), Step.Hang));

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body), Wish);
        string? data = await reply.Events.NextDataAsync();
        while (data is not null && !data.Contains("newest piece", StringComparison.Ordinal))
        {
            data = await reply.Events.NextDataAsync();
        }

        Assert.NotNull(data);
    }

    [Fact]
    public async Task ChatStream_TheSecondDiesToo_TheThirdGoesOn()
    {
        fixture.Dies(40, StreamDeath.End);
        fixture.Other.Once("goes-on-vllm", ReplayingVendors.DyingContinuation(30));

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-all", Body), Wish);
        List<string> data = await reply.Events.RestAsync();

        SeenAnswer seen = ChatAccumulator.Stream(data, askedForUsage: true);
        Assert.Empty(seen.Problems);
        Assert.Equal(ReplayingVendors.Text, seen.Text);
        Assert.Equal(["passed-dies", "vllm"], JsonNode.Parse(data[^2])!["llm"]!["continued"]!.AsArray().Select(one => (string?)one!["model"]));
    }

    [Fact]
    public async Task ChatStream_AReplicaDies_AnotherOneGoesOn()
    {
        static Task Answer(UpstreamCall call) => call.Text.Contains("continue_final_message", StringComparison.Ordinal)
            ? ReplayingVendors.Vllm(call)
            : ReplayingVendors.DyingOpenAi(30, StreamDeath.End)(call);
        fixture.Upstream.On("twin-model", Answer);
        fixture.Other.On("twin-model", Answer);

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("twins", Body), Wish);
        SeenAnswer seen = ChatAccumulator.Stream(await reply.Events.RestAsync(), askedForUsage: true);

        Assert.Empty(seen.Problems);
        Assert.Equal(ReplayingVendors.Text, seen.Text);
    }

    [Fact]
    public async Task ChatStream_TheSecondRefuses_TheThirdGoesOn()
    {
        fixture.Dies(40, StreamDeath.End);
        fixture.Other.Once("goes-on-vllm", Answers.Error(503, "Busy"));

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-all", Body), Wish);
        SeenAnswer seen = ChatAccumulator.Stream(await reply.Events.RestAsync(), askedForUsage: true);

        Assert.Empty(seen.Problems);
        Assert.Equal(ReplayingVendors.Text, seen.Text);
    }

    [Fact]
    public async Task ChatStream_HasALimit_TheRestIsAskedForWithWhatIsLeft()
    {
        fixture.Dies(100, StreamDeath.End);

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body + ",\"max_tokens\":2000,\"stop\":[\"END\"]"), Wish);
        await reply.Events.RestAsync();

        JsonNode sent = fixture.Other.CallsFor("goes-on-vllm")[^1].Json;
        Assert.InRange((int)sent["max_tokens"]!, 1000, 1900);
        Assert.Equal("END", (string?)sent["stop"]![0]);
    }

    [Fact]
    public async Task ChatStream_TheNextIsSlow_TheClientIsKeptWaiting()
    {
        var gate = new Gate();
        fixture.Dies(20, StreamDeath.End);
        fixture.Other.Once("goes-on-vllm", Answers.After(gate, ReplayingVendors.Vllm));

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-vllm", Body), Wish);
        while (await reply.Events.NextAsync() is { } one && !one.StartsWith(':'))
        {
        }

        gate.Open();
        await reply.Events.RestAsync();
        SeenAnswer seen = ChatAccumulator.Stream(SseReader.Data(reply.Events.Raw), askedForUsage: true);
        Assert.Empty(seen.Problems);
        Assert.Equal(ReplayingVendors.Text, seen.Text);
    }

    [Fact]
    public async Task ChatStream_ClientLeavesWhileTheNextIsAsked_TheNextIsLetGo()
    {
        fixture.Dies(20, StreamDeath.End);
        fixture.Other.Once("goes-on-ollama", Answers.HangBeforeHeaders);
        UpstreamCall[] earlier = [.. fixture.Other.CallsFor("goes-on-ollama")];
        UpstreamCall asked;

        await using (StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-ollama", Body), Wish))
        {
            await reply.Events.NextDataAsync();
            asked = await fixture.Other.CallAsync(call => call.Model == "goes-on-ollama" && !earlier.Contains(call));
        }

        await asked.Aborted;
    }

    [Fact]
    public async Task ChatStream_GoneOnWith_IsInMetricsAndLog()
    {
        fixture.Dies(20, StreamDeath.End);

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody("passed-mistral", Body), Wish);
        await reply.Events.RestAsync();

        await fixture.Gateway.Logs.WaitForAsync("goes on with the answer that passed-dies left off");
        Reply metrics = await fixture.Client.FetchAsync("/metrics");
        Assert.Contains(
            metrics.Text.Split('\n'),
            line => line.StartsWith("llm_fallbacks_total{", StringComparison.Ordinal) && line.Contains("from=\"passed-dies\"", StringComparison.Ordinal) && line.Contains("to=\"mistral\"", StringComparison.Ordinal));
        Assert.Contains(
            metrics.Text.Split('\n'),
            line => line.StartsWith("llm_tokens_used_total{", StringComparison.Ordinal) && line.Contains("model=\"passed-dies\"", StringComparison.Ordinal) && line.Contains("type=\"completion\"", StringComparison.Ordinal));
    }
}
