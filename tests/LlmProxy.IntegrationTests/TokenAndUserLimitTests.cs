using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Tokens per minute, limits of single users, and waiting for one's turn.</summary>
public sealed class TokenAndUserLimitTests(TokenAndUserLimitTests.Fixture fixture) : IClassFixture<TokenAndUserLimitTests.Fixture>
{
    private const string Tokens = "sk-token-caller-0123456789";
    private const string Large = "sk-large-caller-0123456789";
    private const string App = "sk-app-caller-0123456789";
    private const string People = "sk-people-caller-0123456789";
    private const string Batch = "sk-batch-caller-0123456789";
    private const string Free = "sk-free-caller-0123456789";

    private const string FiveTokens = "\"max_tokens\":5";

    [Fact]
    public async Task TokensPerMinute_UsedUp_Is429WithTrueNumbers()
    {
        List<Reply> replies = [];
        for (int i = 0; i < 4; i++)
        {
            replies.Add(await Chat("tokens", Tokens, FiveTokens));
        }

        // Each call uses 14 of the 40: two and a reservation fit.
        Assert.Equal([200, 200, 200, 429], replies.Select(r => r.Status));
        Expect.Error(replies[3], 429, "rate_limit_exceeded");
        Assert.InRange(int.Parse(replies[3].Header("retry-after")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.All(replies, reply => Assert.Equal("40", reply.Header("x-ratelimit-limit-tokens")));
        int reserved = 40 - Remaining(replies[0]);
        Assert.InRange(reserved, 6, 12);
        Assert.Equal(40 - 14 - reserved, Remaining(replies[1]));
        Assert.Equal(0, Remaining(replies[3]));
        Assert.NotNull(replies[3].Header("x-ratelimit-reset-tokens"));
        Assert.Equal(3, fixture.Upstream.CallsFor("tokens").Count);
    }

    [Fact]
    public async Task TokensPerMinute_OneCallAsksForMoreThanAll_IsToldToAskForLess()
    {
        Reply reply = await Chat("large", Large, "\"max_tokens\":100000");

        string message = Expect.Error(reply, 429, "rate_limit_exceeded");
        Assert.Contains("max_tokens", message, StringComparison.Ordinal);
        Assert.Equal(("false", null), (reply.Header("x-should-retry"), reply.Header("retry-after")));
        Expect.Ok(await Chat("large", Large, FiveTokens));
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("99999999999999999999999999")]
    [InlineData("-5")]
    public async Task TokensPerMinute_AsksForNumbersBeyondAll_DoesNoHarm(string maxTokens)
    {
        Reply reply = await Chat("absurd", Large, $"\"max_tokens\":{maxTokens}");

        Assert.True(reply.Status is 200 or 400 or 429, reply.ToString());
        Assert.True(long.Parse(reply.Header("x-ratelimit-remaining-tokens")!, CultureInfo.InvariantCulture) >= 0);
    }

    [Fact]
    public async Task TokensPerMinute_OfAnLlm_PassesItOver()
    {
        Assert.Equal("small", (await Chat("narrow", Free, FiveTokens)).Header("x-llm-model"));
        Assert.Equal("small", (await Chat("narrow", Free, FiveTokens)).Header("x-llm-model"));

        Reply third = await Chat("narrow", Free, FiveTokens);

        Assert.Equal(("wide", "small: rate_limit_exceeded"), (third.Header("x-llm-model"), third.Header("x-llm-fallback")));
    }

    [Fact]
    public async Task Users_OfOneKey_HaveAMinuteEach()
    {
        string[] users = ["ann", "bob", "ann"];
        List<Reply> replies = [];
        foreach (string user in users)
        {
            replies.Add(await Chat("users", App, $"\"user\":\"{user}\""));
        }

        Assert.Equal([200, 200, 429], replies.Select(r => r.Status));
        Assert.Contains("user 'ann'", Expect.Error(replies[2], 429, "rate_limit_exceeded"), StringComparison.Ordinal);
        Expect.Ok(await Chat("users", App, ""));
        Assert.Contains("llm_rate_limited_total{reason=\"user\"}", (await fixture.Client.FetchAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queue_OneWorkspacesPlaces_GoToTheLowerPriorityFirst()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Keys = new object[]
                {
                    new { Name = "people", Key = People, Workspace = "team" },
                    new { Name = "batch", Key = Batch, Workspace = "team", Priority = 5 },
                },
                Workspaces = new object[] { new { Name = "team", MaxParallel = 1 } },
                Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", fixture.Upstream.BaseUrl } },
                Limits = new { QueueSeconds = 60 },
            }),
        }.With("LOG_LEVEL", "DEBUG"));
        var gate = new Gate();
        fixture.Upstream.Once("queued-first", Answers.After(gate, OpenAiAnswers.Default));
        Task<Reply> first = gateway.Client.ChatAsync("custom/queued-first", ("x-api-key", Batch));
        await fixture.Upstream.CallAsync("queued-first");
        Task<Reply> batch = gateway.Client.ChatAsync("custom/queued-batch", ("x-api-key", Batch));
        await WaitsAsync(gateway, batch, "queued-batch");
        Task<Reply> people = gateway.Client.ChatAsync("custom/queued-people", ("x-api-key", People));
        await WaitsAsync(gateway, people, "queued-people");
        gate.Open();

        Expect.Ok(await first);
        Expect.Ok(await people);
        Expect.Ok(await batch);
        Assert.NotNull((await batch).Header("x-llm-queue-ms"));
        Assert.Null((await first).Header("x-llm-queue-ms"));
        UpstreamCall before = fixture.Upstream.CallsFor("queued-people").Single();
        Assert.True(before.ArrivedAt <= fixture.Upstream.CallsFor("queued-batch").Single().ArrivedAt);
    }

    /// <summary>Nothing says that a call stands in the queue; it comes there right after this line, and stays while others are answered that came later.</summary>
    private static async Task WaitsAsync(GatewayProcess gateway, Task<Reply> call, string model)
    {
        await gateway.Logs.WaitForAsync($"Route for custom/{model}:");
        for (int i = 0; i < 20; i++)
        {
            Expect.Ok(await gateway.Client.FetchAsync("/metrics"));
            Assert.False(call.IsCompleted);
        }
    }

    private static int Remaining(Reply reply) => int.Parse(reply.Header("x-ratelimit-remaining-tokens")!, CultureInfo.InvariantCulture);

    private Task<Reply> Chat(string model, string key, string more) =>
        fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody(model == "narrow" ? "narrow" : "custom/" + model, more), ("x-api-key", key));

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Keys = new object[]
                {
                    new { Name = "tokens", Key = Tokens, TokensPerMinute = 40 },
                    new { Name = "large", Key = Large, TokensPerMinute = 2000 },
                    new { Name = "app", Key = App, PerUserRequestsPerMinute = 1 },
                    new { Name = "free", Key = Free },
                },
                Llms = new object[]
                {
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl, TokensPerMinute = 0 },
                    new { Name = "small", Provider = "custom", Model = "narrow-small", Upstream.BaseUrl, TokensPerMinute = 30 },
                    new { Name = "wide", Provider = "custom", Model = "narrow-wide", Upstream.BaseUrl, TokensPerMinute = 0 },
                },
                Chains = new { narrow = new[] { "small", "wide" } },
            }),
        };
    }
}
