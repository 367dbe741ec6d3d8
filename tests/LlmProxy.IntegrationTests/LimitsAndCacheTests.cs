using System.Globalization;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The limits a key has, the memory all calls share, and answers that are known already.</summary>
public sealed class LimitsAndCacheTests(LimitsAndCacheTests.Fixture fixture) : IClassFixture<LimitsAndCacheTests.Fixture>
{
    private const string Slow = "sk-slow-caller-0123456789";
    private const string Lone = "sk-lone-caller-0123456789";
    private const string Free = "sk-free-caller-0123456789";

    [Fact]
    public async Task RequestsPerMinute_Spent_Is429WithTrueAdvice()
    {
        List<Reply> replies = [];
        for (int i = 0; i < 3; i++)
        {
            replies.Add(await fixture.Client.ChatAsync("custom/limited", ("x-api-key", Slow), ("x-llm-cache", "off")));
        }

        Assert.Equal([200, 200, 429], replies.Select(r => r.Status));
        Expect.Error(replies[2], 429, "rate_limit_exceeded");
        Assert.InRange(int.Parse(replies[2].Header("retry-after")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal("2", replies[0].Header("x-ratelimit-limit-requests"));
        Assert.Equal("1", replies[0].Header("x-ratelimit-remaining-requests"));
        Assert.Equal(2, fixture.Upstream.CallsFor("limited").Count);
    }

    [Fact]
    public async Task MaxParallel_Taken_Is429AndFreeAgainAfter()
    {
        var gate = new Gate();
        fixture.Upstream.Once("parallel", Answers.After(gate, OpenAiAnswers.Default));
        Task<Reply> first = fixture.Client.ChatAsync("custom/parallel", ("x-api-key", Lone));
        await fixture.Upstream.CallAsync("parallel");

        Expect.Error(await fixture.Client.ChatAsync("custom/parallel", ("x-api-key", Lone)), 429, "too_many_parallel_requests");
        gate.Open();

        Expect.Ok(await first);
        Expect.Ok(await fixture.Client.ChatAsync("custom/parallel", ("x-api-key", Lone)));
    }

    [Fact]
    public async Task MaxParallel_TakenByAClientThatLeft_IsFreeAgain()
    {
        fixture.Upstream.Once("left", Answers.HangBeforeHeaders);
        RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/left"), ("x-api-key", Lone));
        UpstreamCall call = await fixture.Upstream.CallAsync("left");
        client.Reset();
        await call.Aborted;

        int status = 429;
        for (int i = 0; i < 100 && status == 429; i++)
        {
            status = (await fixture.Client.ChatAsync("custom/left", ("x-api-key", Lone))).Status;
            await Task.Delay(status == 429 ? 20 : 0);
        }

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Bodies_BeyondTheMemoryForThem_Are503ThatSaysWhenToComeBack()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/memory", text: new string('a', 3 << 20)), ("x-api-key", Free));

        Assert.Equal(503, reply.Status);
        Assert.NotNull(reply.Header("retry-after"));
        Assert.Empty(fixture.Upstream.CallsFor("memory"));
        for (int i = 0; i < 10; i++)
        {
            Expect.Ok(await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/memory", text: new string((char)('a' + i), 1 << 18)), ("x-api-key", Free)));
        }
    }

    [Fact]
    public async Task Answer_BeyondTheMemoryForIt_Is503AndNobodyElseIsAskedOrBlamed()
    {
        fixture.Upstream.Once("large", OpenAiAnswers.Chat(new string('a', 3 << 20)));
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Auth = new { Mode = "keys", AdminKey = AdminCalls.Key },
                Keys = new object[] { new { Name = "free", Key = Free } },
                Llms = new object[]
                {
                    new { Name = "first", Provider = "custom", Model = "large", fixture.Upstream.BaseUrl, InputPricePerMillion = 1, OutputPricePerMillion = 1 },
                    new { Name = "second", Provider = "custom", Model = "beside-large", fixture.Other.BaseUrl },
                },
                Chains = new { pair = new[] { "first", "second" } },
                Limits = new { MaxBufferedBytes = 1 << 20 },
                Resilience = new { BreakerFailures = 1 },
            }),
        });

        Reply reply = await gateway.Client.ChatAsync("pair", ("x-api-key", Free));

        Expect.Error(reply, 503, "gateway_busy");
        Assert.Equal("1", reply.Header("retry-after"));
        Reply after = await gateway.Client.ChatAsync("pair", ("x-api-key", Free));
        Expect.Ok(after);
        Assert.Equal("first", after.Header("x-llm-model"));
        Assert.Equal(2, fixture.Upstream.CallsFor("large").Count);
        Assert.Empty(fixture.Other.CallsFor("beside-large"));
        JsonNode? row = null;
        await AdminCalls.UntilAsync(
            async () =>
            {
                Reply rows = await gateway.AdminAsync("requests?limit=500");
                row = rows.Status == 200 ? rows.Json["data"]!.AsArray().FirstOrDefault(one => (int?)one!["status"] == 503) : null;
                return row is not null;
            },
            () => "The row did not come. " + gateway.Logs.Text);
        Assert.True((decimal)row!["cost_usd"]! > 0, "The vendor is paid for what it sent: " + row);
    }

    [Fact]
    public async Task SameCall_Again_IsServedFromTheCache()
    {
        Reply miss = await fixture.Client.ChatAsync("custom/cached", ("x-api-key", Free));
        Reply hit = await fixture.Client.ChatAsync("custom/cached", ("x-api-key", Free));

        Assert.Equal(("miss", "hit"), (miss.Header("x-llm-cache"), hit.Header("x-llm-cache")));
        Assert.Equal(miss.Text, hit.Text);
        Assert.NotNull(hit.Header("age"));
        Assert.NotEqual(miss.Header("x-request-id"), hit.Header("x-request-id"));
        Assert.Single(fixture.Upstream.CallsFor("cached"));
    }

    [Fact]
    public async Task SameCall_OfAnotherWorkspace_IsNot()
    {
        await fixture.Client.ChatAsync("custom/partitioned", ("x-api-key", Free));

        Reply reply = await fixture.Client.ChatAsync("custom/partitioned", ("x-api-key", Lone));

        Assert.Equal("miss", reply.Header("x-llm-cache"));
        Assert.Equal(2, fixture.Upstream.CallsFor("partitioned").Count);
    }

    [Fact]
    public async Task Failure_IsNotKept()
    {
        fixture.Upstream.Once("healing", Answers.Error(500, "Broken"));
        Assert.Equal(502, (await fixture.Client.ChatAsync("custom/healing", ("x-api-key", Free))).Status);

        Expect.Ok(await fixture.Client.ChatAsync("custom/healing", ("x-api-key", Free)));
    }

    [Theory]
    [InlineData("off")]
    [InlineData("refresh")]
    public async Task Wish_NotToReadTheCache_IsObeyed(string wish)
    {
        string model = "fresh-" + wish;
        await fixture.Client.ChatAsync("custom/" + model, ("x-api-key", Free));

        Reply reply = await fixture.Client.ChatAsync("custom/" + model, ("x-api-key", Free), ("x-llm-cache", wish));

        Assert.NotEqual("hit", reply.Header("x-llm-cache"));
        Assert.Equal(2, fixture.Upstream.CallsFor(model).Count);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Keys = new object[]
                {
                    new { Name = "slow", Key = Slow, RequestsPerMinute = 2 },
                    new { Name = "lone", Key = Lone, MaxParallel = 1, Workspace = "elsewhere" },
                    new { Name = "free", Key = Free },
                },
                Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl } },
                Cache = new { Enabled = true },
                Limits = new { MaxBufferedBytes = 2 << 20 },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
