using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The operator's own service is asked before and after, and its word counts; its failures are the operator's choice.</summary>
public sealed class GuardWebhookTests(GuardWebhookTests.Fixture fixture) : IClassFixture<GuardWebhookTests.Fixture>
{
    private const string Key = "sk-guarded-caller-0123456789";
    private const string Homely = "sk-homely-caller-0123456789";

    // 9 tokens of prompt and 5 of answer, at 1 USD per million.
    private const decimal CostOfOne = 14m / 1_000_000m;

    private static readonly UpstreamAnswer Allow = Answers.Json("""{"allow":true}""");

    [Fact]
    public async Task Before_IsToldTheCallAndMayLetItPass()
    {
        fixture.Judge.Otherwise(Allow);

        Expect.Ok(await CallAsync("asked"));

        UpstreamCall asked = fixture.Judge.CallsFor("openai/asked").First(call => call.Json["stage"]!.ToString() == "before");
        Assert.Equal(("guarded", "team-a", "chat", "openai/asked"), (asked.Json["key"]!.ToString(), asked.Json["workspace"]!.ToString(), asked.Json["endpoint"]!.ToString(), asked.Json["model"]!.ToString()));
        Assert.Equal("Write to [EMAIL_1]", asked.Json["request"]!["messages"]![0]!["content"]!.ToString());
        Assert.NotEmpty(asked.Json["id"]!.ToString());
        Assert.Equal("Bearer of-the-guard", asked.Header("authorization"));
        Assert.Equal("Hello from the upstream.", fixture.Judge.CallsFor("openai/asked")[^1].Json["answer"]!["choices"]![0]!["message"]!["content"]!.ToString());
    }

    [Fact]
    public async Task Before_Refusal_Is400WithItsReasonAndNobodyIsAsked()
    {
        fixture.Judge.On("openai/refused", Answers.Json($$"""{"allow":false,"reason":"an injection\n{{new string('x', 1000)}}"}"""));

        string message = Expect.Error(await CallAsync("refused"), 400, "content_blocked");

        Assert.Contains("refused the request: an injection xxx", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 200, 400);
        Assert.Empty(fixture.Upstream.CallsFor("refused"));
        await RefusedAsync("openai/refused", "none", output: 0, cost: 0m);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("nonsense")]
    [InlineData("huge")]
    [InlineData("redirect")]
    [InlineData("silence")]
    public async Task Failure_WithRefuse_Is503(string how)
    {
        fixture.Judge.On("openai/" + how, how switch
        {
            "status" => Answers.Error(500, "broken"),
            "nonsense" => Answers.Json("""{"allow":"yes"}"""),
            "huge" => Answers.Json($$"""{"allow":true,"reason":"{{new string('x', 70_000)}}"}"""),
            "redirect" => Answers.Json("{}", 302, ("location", "/elsewhere")),
            _ => Answers.HangBeforeHeaders,
        });

        Expect.Error(await CallAsync(how), 503, "guard_unavailable");

        Assert.Empty(fixture.Upstream.CallsFor(how));
        Assert.Contains("guard webhook", await fixture.Gateway.Logs.WaitForAsync(line => line.Contains("The guard webhook", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_RefusedPlainAnswer_NeverGoesOut()
    {
        fixture.Judge.On("openai/after", RefusingAfter);

        Reply reply = await CallAsync("after");

        Assert.Contains("refused the answer: bad words", Expect.Error(reply, 400, "content_blocked"), StringComparison.Ordinal);
        Assert.DoesNotContain(OpenAiAnswers.Text, reply.Text, StringComparison.Ordinal);
        Assert.Single(fixture.Upstream.CallsFor("after"));
        await RefusedAsync("openai/after", "reported", output: 5, CostOfOne); // Its vendor is paid for it.
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_Stream_IsHeldUntilItIsJudged(bool isAllowed)
    {
        string model = "stream-" + isAllowed;
        fixture.Upstream.On(model, OpenAiAnswers.Chat("To [EMAIL_1] with love"));
        fixture.Judge.On("openai/" + model, isAllowed ? Allow : RefusingAfter);

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("openai/" + model, "\"stream\":true", "Write to jane@x.example"), ("x-api-key", Key));

        JsonNode told = fixture.Judge.CallsFor("openai/" + model)[^1].Json;
        Assert.Equal("Write to [EMAIL_1]", told["request"]!["messages"]![0]!["content"]!.ToString());
        Assert.Equal("To [EMAIL_1] with love", string.Concat(told["answer"]!.AsArray().Select(e => e!["choices"]?[0]?["delta"]?["content"]?.ToString())));
        if (isAllowed)
        {
            Assert.Equal("To jane@x.example with love", SseReader.ContentOf(SseReader.Data(reply.Text)));
            Assert.EndsWith("data: [DONE]\n\n", reply.Text, StringComparison.Ordinal);
        }
        else
        {
            Expect.Error(reply, 400, "content_blocked");
            await RefusedAsync("openai/" + model, "reported", output: 5, CostOfOne);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_StreamThatIsHeld_IsKeptAlive(bool isAllowed)
    {
        var gate = new Gate();
        string model = "kept-" + isAllowed;
        fixture.Other.On(model, Answers.Sse(
            Step.Send(OpenAiAnswers.RoleChunk), Step.Send(OpenAiAnswers.ContentChunk("Hello")), Step.Wait(gate),
            Step.Send(OpenAiAnswers.ContentChunk(" again")), Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")), Step.Send(OpenAiAnswers.Done)));
        fixture.Judge.On("kept", isAllowed ? Allow : RefusingAfter);
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Llms = new object[] { new { Name = "kept", Provider = "vllm", Model = model, fixture.Other.BaseUrl } },
                Guards = new { Webhook = new { Url = fixture.Judge.Address + "/check", TimeoutMs = 5000, On = "after" } },
                Limits = new { KeepAliveSeconds = 1 },
            }),
        });

        await using StreamReply reply = await gateway.Client.StreamChatAsync("kept");
        string?[] comments = [await reply.Events.NextAsync(), await reply.Events.NextAsync()];
        gate.Open();
        List<string> data = await reply.Events.RestAsync();

        Assert.All(comments, comment => Assert.StartsWith(":", comment, StringComparison.Ordinal));
        if (isAllowed)
        {
            Assert.Equal(("Hello again", "[DONE]"), (SseReader.ContentOf(data), data[^1]));
        }
        else
        {
            Expect.Error(Assert.Single(data), 400, "content_blocked");
        }
    }

    [Fact]
    public async Task CallsThatMustStayInTheHouse_AreShownToAWebhookOfTheHouse()
    {
        fixture.Judge.Otherwise(Allow);

        Expect.Ok(await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("home"), ("x-api-key", Homely)));

        Assert.NotEmpty(fixture.Judge.CallsFor("home"));
    }

    [Fact]
    public async Task Pass_WithAWebhook_IsClosed() =>
        Expect.Error(await fixture.Client.PostAsync("/pass/home/chat/completions", GatewayCalls.ChatBody("x"), ("x-api-key", Key)), 400, "content_blocked");

    [Theory]
    [InlineData("refuse", 503)]
    [InlineData("allow", 200)]
    public async Task WebhookOutside_NeverSeesWhatMustStay(string onFailure, int status)
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Llms = new object[] { new { Name = "home", Provider = "vllm", Model = "home-model", fixture.Other.BaseUrl } },
                Guards = new { Webhook = new { Url = "https://guard.example.com/check", OnFailure = onFailure } },
            }),
        });

        Reply reply = await gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("home"), ("x-llm-local-only", "true"));

        Assert.Equal(status, reply.Status);
        await gateway.Logs.WaitForAsync(line => line.Contains("guard.example.com is outside", StringComparison.Ordinal));
    }

    /// <summary>The call's one row says who refused it, and what was used all the same.</summary>
    private async Task RefusedAsync(string model, string source, int output, decimal cost)
    {
        JsonNode[] rows = [];
        await AdminCalls.UntilAsync(
            async () =>
            {
                Reply reply = await fixture.Gateway.AdminAsync("requests?limit=500");
                rows = reply.Status == 200 ? [.. reply.Json["data"]!.AsArray().Select(row => row!).Where(row => (string?)row["requested_model"] == model)] : [];
                return rows.Length > 0;
            },
            () => "The row did not come. " + fixture.Gateway.Logs.Text);
        JsonNode row = Assert.Single(rows);
        Assert.Equal(("refused", "content_blocked", 400), ((string?)row["outcome"], (string?)row["error_code"], (int)row["status"]!));
        Assert.Equal((source, output, cost), ((string?)row["usage_source"], (int)row["output_tokens"]!, (decimal?)row["cost_usd"]));
    }

    private Task<Reply> CallAsync(string model) =>
        fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("openai/" + model, text: "Write to jane@x.example"), ("x-api-key", Key));

    private static Task RefusingAfter(UpstreamCall call) =>
        (call.Json["stage"]!.ToString() == "before" ? Allow : Answers.Json("""{"allow":false,"reason":"bad words"}"""))(call);

    public sealed class Fixture : GatewayFixture
    {
        public ScriptedUpstream Judge { get; } = ScriptedUpstream.StartAsync().GetAwaiter().GetResult();

        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Auth = new { Mode = "keys", AdminKey = AdminCalls.Key },
                Keys = new object[]
                {
                    new { Name = "guarded", Key, Workspace = "team-a", AllowExternal = true },
                    new { Name = "homely", Key = Homely, Workspace = "team-a", AllowExternal = false },
                },
                Workspaces = new object[] { new { Name = "team-a" } },
                Llms = new object[]
                {
                    new { Name = "ext", Provider = "openai", Model = "*", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, InputPricePerMillion = 1, OutputPricePerMillion = 1 },
                    new { Name = "home", Provider = "vllm", Model = "home-model", Other.BaseUrl },
                },
                Guards = new { Redact = new[] { "emails" }, Webhook = new { Url = Judge.Address + "/check", TimeoutMs = 5000, On = "both", Headers = new { Authorization = "env:GUARD_TOKEN" } } },
            }),
            Environment = new Dictionary<string, string> { ["GUARD_TOKEN"] = "Bearer of-the-guard" },
        };
    }
}
