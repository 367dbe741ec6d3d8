using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The operator's own service is asked before and after, and its word counts; its failures are the operator's choice.</summary>
public sealed class GuardWebhookTests(GuardWebhookTests.Fixture fixture) : IClassFixture<GuardWebhookTests.Fixture>
{
    private const string Key = "sk-guarded-caller-0123456789";
    private const string Homely = "sk-homely-caller-0123456789";

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
                Keys = new object[]
                {
                    new { Name = "guarded", Key, Workspace = "team-a", AllowExternal = true },
                    new { Name = "homely", Key = Homely, Workspace = "team-a", AllowExternal = false },
                },
                Workspaces = new object[] { new { Name = "team-a" } },
                Llms = new object[]
                {
                    new { Name = "ext", Provider = "openai", Model = "*", Upstream.BaseUrl, Auth = new { api_key = "sk-1" } },
                    new { Name = "home", Provider = "vllm", Model = "home-model", Other.BaseUrl },
                },
                Guards = new { Redact = new[] { "emails" }, Webhook = new { Url = Judge.Address + "/check", TimeoutMs = 5000, On = "both", Headers = new { Authorization = "env:GUARD_TOKEN" } } },
            }),
            Environment = new Dictionary<string, string> { ["GUARD_TOKEN"] = "Bearer of-the-guard" },
        };
    }
}
