using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>One call, one row, with the truth as far as it was known, on every ending.</summary>
public sealed class LedgerRowTests(LedgerRowTests.Fixture fixture) : IClassFixture<LedgerRowTests.Fixture>
{
    private const string Key = "sk-rows-0123456789";
    private const string Single = "sk-single-0123456789";

    // 9 tokens of prompt, 4 of them from the cache, 5 of answer, at 2, 1 and 10 USD per million.
    private const decimal CostOfOne = ((5 * 2m) + (4 * 1m) + (5 * 10m)) / 1_000_000m;

    [Fact]
    public async Task PlainCall_Answered_IsOneRowWithTheVendorsUsage()
    {
        Reply reply = await ChatAsync("\"model\":\"paid\",\"user\":\"anna\",\"llm\":{\"tags\":[\"night\"]}");

        Expect.Ok(reply);
        JsonNode row = await RowAsync(reply.Header("x-request-id")!);
        Told(row, "success", 200, "reported", output: 5, CostOfOne);
        Assert.Equal((5, 4, 0, 2), (Number(row, "input_tokens"), Number(row, "cached_tokens"), Number(row, "cache_write_tokens"), Number(row, "reasoning_tokens")));
        Assert.Equal(("rows", "team", "anna", "paid", "paid", "openai"), (Text(row, "key"), Text(row, "workspace"), Text(row, "end_user"), Text(row, "requested_model"), Text(row, "llm"), Text(row, "provider")));
        Assert.Equal(["always", "night"], row["tags"]!.AsArray().Select(tag => (string?)tag).Order());
        Assert.False((bool)row["stream"]!);
        JsonNode attempt = Assert.Single(row["attempts"]!.AsArray())!;
        Assert.Equal(("paid", "success"), (Text(attempt, "llm"), Text(attempt, "outcome")));
    }

    [Fact]
    public async Task Stream_Answered_IsOneRowAlthoughTheClientDidNotAskForUsage()
    {
        string id = await StreamToItsEndAsync("\"model\":\"paid\"");

        JsonNode row = await RowAsync(id);
        Told(row, "success", 200, "reported", output: 5, CostOfOne);
        Assert.True((bool)row["stream"]!);
        Assert.NotNull(row["ttft_ms"]);
    }

    [Fact]
    public async Task Call_FirstCouldHaveBeenHedgedAndWasLost_IsNotPaidForIt()
    {
        fixture.Upstream.On("hedged", Answers.ResetBeforeHeaders);

        Reply reply = await ChatAsync("\"model\":\"hedges\"");

        Expect.Ok(reply);
        Told(await RowAsync(reply.Header("x-request-id")!), "success", 200, "reported", output: 5, CostOfOne);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_VendorSaysNoUsage_IsCountedHere(bool isStream)
    {
        string text = string.Join(' ', Enumerable.Repeat("word", 80));
        fixture.Upstream.On("silent", call => isStream
            ? Answers.Sse([Step.Send(OpenAiAnswers.RoleChunk), .. text.Split(' ').Select(w => Step.Send(OpenAiAnswers.ContentChunk(w + " "))), Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")), Step.Send(OpenAiAnswers.Done)])(call)
            : Answers.Json($$"""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{text}}"},"finish_reason":"stop"}]}""")(call));

        string id = isStream ? await StreamToItsEndAsync("\"model\":\"silent\"") : (await ChatAsync("\"model\":\"silent\"")).Header("x-request-id")!;

        JsonNode row = await RowAsync(id);
        Assert.Equal(("success", "estimated"), (Text(row, "outcome"), Text(row, "usage_source")));
        Assert.InRange(Number(row, "output_tokens"), 60, 120);
        Assert.InRange(Number(row, "input_tokens"), 1, 20);
        Assert.True((decimal)row["cost_usd"]! > 0);
    }

    [Fact]
    public async Task PlainCall_ClientLeavesWhileItWaits_IsCountedAsFarAsItCame()
    {
        fixture.Upstream.On("waits", Answers.HangBeforeHeaders);

        JsonNode row = await LeaveAsync("waits", isStream: false, until: null);

        Assert.Equal(("client_gone", "estimated", 499), (Text(row, "outcome"), Text(row, "usage_source"), Number(row, "status")));
        Assert.Equal(0, Number(row, "output_tokens"));
        Assert.InRange(Number(row, "input_tokens"), 1, 20);
    }

    [Fact]
    public async Task Stream_ClientLeavesBeforeTheFirstToken_IsCountedAsFarAsItCame()
    {
        fixture.Upstream.On("thinks", Answers.HangBeforeFirstToken);

        JsonNode row = await LeaveAsync("thinks", isStream: true, until: null);

        Assert.Equal(("client_gone", "estimated"), (Text(row, "outcome"), Text(row, "usage_source")));
        Assert.Null(row["ttft_ms"]);
    }

    [Fact]
    public async Task Stream_ClientLeavesInTheMiddle_IsCountedAsFarAsItCame()
    {
        fixture.Upstream.On("half", Answers.Sse([Step.Send(OpenAiAnswers.RoleChunk), .. Enumerable.Repeat(Step.Send(OpenAiAnswers.ContentChunk("word ")), 30), Step.Send(OpenAiAnswers.ContentChunk("the end so far")), Step.Hang]));

        JsonNode row = await LeaveAsync("half", isStream: true, until: "the end so far");

        Assert.Equal(("client_gone", "estimated", 200), (Text(row, "outcome"), Text(row, "usage_source"), Number(row, "status")));
        Assert.InRange(Number(row, "output_tokens"), 30, 50);
        Assert.True((await fixture.Upstream.CallAsync("half")).IsAborted);
    }

    [Fact]
    public async Task Stream_ClientLeavesBehindTheLastChunk_IsReadOnForItsUsage()
    {
        var gate = new Gate();
        fixture.Upstream.On("late", Answers.Sse(
            Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk("all of it")), Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")),
            Step.Wait(gate), Step.Send(OpenAiAnswers.UsageChunk()), Step.Send(OpenAiAnswers.Done)));

        JsonNode row = await LeaveAsync("late", isStream: true, until: "\"finish_reason\":\"stop\"", gate);

        Told(row, "client_gone", 200, "drained", output: 5, CostOfOne);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_ClientLeavesWhereTheOperatorDrains_IsReadToItsEnd(bool isStream)
    {
        var gate = new Gate();
        string model = isStream ? "drained-stream" : "drained";
        fixture.Upstream.On(model, isStream
            ? Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("first words")), Step.Wait(gate), Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")), Step.Send(OpenAiAnswers.UsageChunk()), Step.Send(OpenAiAnswers.Done))
            : Answers.After(gate, Answers.Json(OpenAiAnswers.ChatJson("whole"))));

        JsonNode row = await LeaveAsync("openai/" + model, isStream, isStream ? "first words" : null, gate);

        Told(row, "client_gone", isStream ? 200 : 499, "drained", output: 5, CostOfOne);
        Assert.False((await fixture.Upstream.CallAsync(model)).IsAborted);
    }

    [Fact]
    public async Task Call_ThatFellBack_NamesEachAttempt()
    {
        fixture.Upstream.On("down", Answers.Error(500, "out of order"));

        Reply reply = await ChatAsync("\"model\":\"backed\"");

        Expect.Ok(reply);
        JsonNode row = await RowAsync(reply.Header("x-request-id")!);
        Told(row, "success", 200, "reported", output: 5, CostOfOne);
        Assert.Equal(["down: provider_error", "paid: success"], row["attempts"]!.AsArray().Select(a => $"{a!["llm"]}: {a["outcome"]}").Distinct());
        Assert.Equal("paid", Text(row, "llm"));
    }

    [Fact]
    public async Task Call_ThatNobodyAnswered_CostsNothing()
    {
        fixture.Upstream.On("down", Answers.Error(500, "out of order"));

        Reply reply = await ChatAsync("\"model\":\"down\"");

        Assert.Equal(502, reply.Status);
        JsonNode row = await RowAsync(reply.Header("x-request-id")!);
        Told(row, "upstream_error", 502, "none", output: 0, 0m);
        Assert.Equal("provider_error", Text(row, "error_code"));
    }

    [Fact]
    public async Task Stream_ThatBrokeBeforeItsOutput_IsInTheCostOfTheCallThatWentOn()
    {
        fixture.Upstream.On("breaks", Answers.Sse(Step.Send("data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n"), Step.Break));

        string id = await StreamToItsEndAsync("\"model\":\"mends\"");

        JsonNode row = await RowAsync(id);
        Assert.Equal(5, Number(row, "output_tokens"));
        Assert.True((decimal)row["cost_usd"]! > CostOfOne, "The vendor of the broken attempt bills its prompt: " + row);
    }

    [Fact]
    public async Task ClientLeaves_WhileAnotherGoesOnWithItsAnswer_BothAreInTheRow()
    {
        string half = string.Join(' ', Enumerable.Repeat("half", 20));
        fixture.Upstream.On("dies", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk(half)), Step.Break));
        fixture.Upstream.On("goes-on", Answers.Sse([Step.Send(OpenAiAnswers.RoleChunk), .. Enumerable.Repeat(Step.Send(OpenAiAnswers.ContentChunk(" word")), 30), Step.Send(OpenAiAnswers.ContentChunk(" the end so far")), Step.Send(OpenAiAnswers.ContentChunk(" and more")), Step.Hang]));

        JsonNode row = await LeaveAsync("goes-on", isStream: true, until: "the end so far", asked: "continues");

        Assert.Equal(("client_gone", "estimated", 2), (Text(row, "outcome"), Text(row, "usage_source"), row["attempts"]!.AsArray().Count));
        Assert.True(Number(row, "output_tokens") >= 50 && Number(row, "input_tokens") >= 20, "Not all of both is in it: " + row);
        Assert.True((decimal)row["cost_usd"]! >= 50 * 10m / 1_000_000m, "Not all of both is in it: " + row);
    }

    [Fact]
    public async Task Call_RefusedBeforeItWasAdmitted_HasNoRow()
    {
        Reply stranger = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("paid"), ("x-api-key", "sk-nobody"));
        Reply unknown = await ChatAsync("\"model\":\"nowhere\"");
        Reply known = await ChatAsync("\"model\":\"paid\"");

        await RowAsync(known.Header("x-request-id")!);
        Assert.Equal((401, 404), (stranger.Status, unknown.Status));
        Assert.Null(await FindAsync(stranger.Header("x-request-id")!));
        Assert.Null(await FindAsync(unknown.Header("x-request-id")!));
    }

    [Fact]
    public async Task CachedAnswer_IsARowThatCostsNothing()
    {
        Expect.Ok(await ChatAsync("\"model\":\"paid\",\"temperature\":0,\"seed\":41", "on"));
        Reply hit = await ChatAsync("\"model\":\"paid\",\"temperature\":0,\"seed\":41", "on");

        Assert.Equal("hit", hit.Header("x-llm-cache"));
        JsonNode row = await RowAsync(hit.Header("x-request-id")!);
        Assert.Equal(("success", "hit", 0m), (Text(row, "outcome"), Text(row, "cache"), (decimal)row["cost_usd"]!));
        Assert.Empty(row["attempts"]!.AsArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PassedCall_IsARowWithWhatTheVendorSaid(bool isStream)
    {
        Reply reply = await fixture.Client.PostAsync("/pass/paid/chat/completions", GatewayCalls.ChatBody("paid", isStream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}" : ""), ("x-api-key", Key));

        Expect.Ok(reply);
        JsonNode row = await RowAsync(reply.Header("x-request-id")!);
        Told(row, "success", 200, "reported", output: 5, CostOfOne);
    }

    private static void Told(JsonNode row, string outcome, int status, string source, int output, decimal cost)
    {
        Assert.Equal((outcome, status, source, output), (Text(row, "outcome"), Number(row, "status"), Text(row, "usage_source"), Number(row, "output_tokens")));
        Assert.Equal(cost, (decimal)row["cost_usd"]!);
    }

    private static string? Text(JsonNode row, string field) => (string?)row[field];

    private static int Number(JsonNode row, string field) => (int)row[field]!;

    private Task<Reply> ChatAsync(string members, string cache = "off") => fixture.Client.PostAsync(
        "/v1/chat/completions", $$"""{{{members}},"messages":[{"role":"user","content":"Hello"}]}""", ("x-api-key", Key), ("x-llm-cache", cache));

    private async Task<string> StreamToItsEndAsync(string members)
    {
        await using StreamReply stream = await fixture.Client.StreamAsync(
            "/v1/chat/completions", $$"""{{{members}},"stream":true,"messages":[{"role":"user","content":"Hello"}]}""", ("x-api-key", Key), ("x-llm-cache", "off"));
        Assert.Equal("[DONE]", (await stream.Events.RestAsync())[^1]);
        return stream.Header("x-request-id")!;
    }

    /// <summary>The client hears this much, and goes; then the vendor may go on. What its key held meanwhile is free again.</summary>
    private async Task<JsonNode> LeaveAsync(string model, bool isStream, string? until, Gate? gate = null, string? asked = null)
    {
        string mark = Guid.NewGuid().ToString();
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody(asked ?? model, isStream ? "\"stream\":true" : ""), ("x-api-key", Single), ("x-request-id", mark), ("x-llm-continue", asked is null ? "off" : "on"));
        string vendorModel = model[(model.IndexOf('/') + 1)..];
        UpstreamCall call = await fixture.Upstream.CallAsync(vendorModel);
        if (until is not null)
        {
            await client.ReadUntilAsync(until);
        }

        (int free, decimal held) = await StandingAsync();
        Assert.True(free == 0 && held > 0, $"{free} free, {held} USD held");
        client.Reset();
        if (gate is not null)
        {
            await gate.Reached;
            for (int i = 0; i < 100; i++)
            {
                // Nothing tells from outside that the gateway has learned of the reset; it learns of it before it has answered all these.
                Expect.Ok(await fixture.Client.FetchAsync("/health/live"));
            }

            gate.Open();
        }
        else
        {
            await call.Aborted;
        }

        JsonNode row = await FindOneAsync(row => (string?)row["client_request_id"] == mark);
        await AdminCalls.UntilAsync(async () => await StandingAsync() == (1, 0m), () => "Something stays held. " + fixture.Gateway.Logs.Text);
        return row;
    }

    /// <summary>How many calls the key that may have one may begin now, and what is held of its budget.</summary>
    private async Task<(int Free, decimal HeldUsd)> StandingAsync()
    {
        JsonNode standing = (await fixture.Client.FetchAsync("/v1/key", ("x-api-key", Single))).Json;
        return ((int)standing["parallel"]!["remaining"]!, (decimal)standing["budget"]!["held_usd"]!);
    }

    private Task<JsonNode> RowAsync(string id) => FindOneAsync(row => (string?)row["id"] == id);

    private async Task<JsonNode?> FindAsync(string id) => (await RowsAsync()).FirstOrDefault(row => (string?)row["id"] == id);

    private async Task<JsonNode> FindOneAsync(Func<JsonNode, bool> wanted)
    {
        JsonNode[] found = [];
        await AdminCalls.UntilAsync(
            async () => (found = [.. (await RowsAsync()).Where(wanted)]).Length > 0,
            () => "The row did not come. " + fixture.Gateway.Logs.Text);
        return Assert.Single(found);
    }

    private async Task<IEnumerable<JsonNode>> RowsAsync()
    {
        Reply reply = await fixture.Gateway.AdminAsync("requests?limit=500");
        return reply.Status == 200 ? reply.Json["data"]!.AsArray().Select(row => row!) : [];
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Auth = new { Mode = "keys", AdminKey = AdminCalls.Key },
                Keys = new object[]
                {
                    new { Name = "rows", Key, Workspace = "team", Tags = new[] { "always" } },
                    new { Name = "single", Key = Single, MaxParallel = 1, BudgetUsd = 100 },
                },
                Llms = new object[]
                {
                    Paid("paid"), Paid("silent"), Paid("waits"), Paid("thinks"), Paid("half"), Paid("late"), Paid("down"), Paid("breaks"), Paid("dies"),
                    new { Name = "goes-on", Provider = "vllm", Model = "goes-on", Upstream.BaseUrl, InputPricePerMillion = 2, OutputPricePerMillion = 10 },
                    new { Name = "hedged", Provider = "openai", Model = "hedged", BaseUrl = Upstream.BaseUrl, Auth = new { api_key = "k" }, HedgeAfterMs = 60_000, InputPricePerMillion = 2, OutputPricePerMillion = 10 },
                    new { Name = "drains", Provider = "openai", Model = "*", BaseUrl = Upstream.BaseUrl, Auth = new { api_key = "k" }, OnClientGone = "drain", InputPricePerMillion = 2, CachedInputPricePerMillion = 1, OutputPricePerMillion = 10 },
                },
                Chains = new { hedges = new[] { "hedged", "paid" }, backed = new[] { "down", "paid" }, mends = new[] { "breaks", "paid" }, continues = new[] { "dies", "goes-on" } },
                Cache = new { Enabled = true },
                Resilience = new { MaxRetries = 0, BreakerFailures = 1000 },
            }),
        };

        private object Paid(string name) => new
        {
            Name = name,
            Provider = "openai",
            Model = name,
            BaseUrl = Upstream.BaseUrl,
            Auth = new { api_key = "k" },
            InputPricePerMillion = 2,
            CachedInputPricePerMillion = 1,
            OutputPricePerMillion = 10,
        };
    }
}
