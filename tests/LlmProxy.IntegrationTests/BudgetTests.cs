using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What keys and workspaces may spend. Here every token costs a dollar and every answer 14.</summary>
public sealed class BudgetTests(BudgetTests.Fixture fixture) : IClassFixture<BudgetTests.Fixture>
{
    private const string Spender = "sk-spender-0123456789abcdef";
    private const string Single = "sk-single-0123456789abcdef";
    private const string Teller = "sk-teller-0123456789abcdef";
    private const string Counter = "sk-counter-0123456789abcdef";
    private static int _calls;

    /// <summary>A bound for the answer, in a call that is no other's again.</summary>
    private static string FiveTokens => $"\"max_tokens\":5,\"seed\":{Interlocked.Increment(ref _calls)}";

    [Fact]
    public async Task Budget_Spent_Is429ThatSaysNotToRetryAndKnownAnswersPass()
    {
        string first = FiveTokens;
        Reply[] replies = [await Chat("spender", Spender, first), await Chat("spender", Spender, FiveTokens), await Chat("spender", Spender, FiveTokens)];

        Assert.Equal([200, 200, 429], replies.Select(r => r.Status));
        string message = Expect.Error(replies[2], 429, "insufficient_quota");
        Assert.Contains("workspace 'team'", message, StringComparison.Ordinal);
        Assert.Equal(("false", null), (replies[2].Header("x-should-retry"), replies[2].Header("retry-after")));
        Reply known = await Chat("spender", Spender, first);
        Assert.Equal((200, "hit"), (known.Status, known.Header("x-llm-cache")));

        string metrics = (await fixture.Client.FetchAsync("/metrics")).Text;
        Assert.Contains("llm_budget_remaining_usd{workspace=\"team\"} 10", metrics, StringComparison.Ordinal);
        Assert.Contains("llm_rate_limited_total{reason=\"budget\"}", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Budget_HeldBackByARunningCall_MayBeAskedForAgainInASecond()
    {
        var gate = new Gate();
        fixture.Upstream.Once("single", Answers.After(gate, OpenAiAnswers.Default));
        Task<Reply> running = Chat("single", Single, FiveTokens);
        await fixture.Upstream.CallAsync("single");

        Reply held = await Chat("single", Single, FiveTokens);
        gate.Open();

        Expect.Error(held, 429, "insufficient_quota");
        Assert.Equal(("true", "1"), (held.Header("x-should-retry"), held.Header("retry-after")));
        Expect.Ok(await running);
        Assert.Equal("false", (await Chat("single", Single, FiveTokens)).Header("x-should-retry"));
    }

    [Fact]
    public async Task Budget_PassesItsThresholds_IsToldInTheLogAndByOnePostEach()
    {
        Expect.Ok(await Chat("teller", Teller, FiveTokens));

        JsonNode first = (await fixture.Other.CallAsync(call => Says(call, "teller", 10))).Json;
        Assert.Equal(("budget_threshold", 14m, 100m), (first["event"]!.ToString(), first["spent_usd"]!.GetValue<decimal>(), first["budget_usd"]!.GetValue<decimal>()));
        await fixture.Gateway.Logs.WaitForAsync("The key 'teller' has spent 14 USD of its budget of 100 USD per month: 10 % are passed.");

        Expect.Ok(await Chat("teller", Teller, FiveTokens));
        await fixture.Other.CallAsync(call => Says(call, "teller", 20));
        Assert.Single(fixture.Other.Calls, call => Says(call, "teller", 10));
    }

    [Fact]
    public async Task Budget_OfTokens_CountsAllClasses()
    {
        Expect.Ok(await Chat("counter", Counter, FiveTokens));
        Expect.Ok(await Chat("counter", Counter, FiveTokens));

        Expect.Error(await Chat("counter", Counter, FiveTokens), 429, "insufficient_quota");
    }

    [Fact]
    public async Task Budget_AfterARestart_IsAsSpentAsBefore()
    {
        string directory = Directory.CreateTempSubdirectory("llmproxy-budget-").FullName;
        try
        {
            await using (GatewayProcess gateway = await StartAsync(directory, new { }))
            {
                Expect.Ok(await ChatAsync(gateway, "restart", Single, FiveTokens));
                Assert.Equal(0, await gateway.SignalTermAsync());
            }

            Assert.Contains("\"units\": 140000000000", await File.ReadAllTextAsync(Path.Combine(directory, "data", "last-good", "spend.json")), StringComparison.Ordinal);
            await using (GatewayProcess gateway = await StartAsync(directory, new { }))
            {
                Expect.Error(await ChatAsync(gateway, "restart", Single, FiveTokens), 429, "insufficient_quota");
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Budget_WithTheDatabaseAwayAndASpoiltFile_IsServedAllTheSame()
    {
        string directory = Directory.CreateTempSubdirectory("llmproxy-budget-").FullName;
        Directory.CreateDirectory(Path.Combine(directory, "data", "last-good"));
        await File.WriteAllTextAsync(Path.Combine(directory, "data", "last-good", "spend.json"), "{\"budgets\": [{");
        try
        {
            await using GatewayProcess gateway = await GatewayProcess.LaunchAsync(Settings(directory, new { Connection = $"Host=127.0.0.1;Port={LoopbackPort.PickFree()};Database=none" }));

            Expect.Ok(await ChatAsync(gateway, "away", Single, FiveTokens));
            await gateway.Logs.WaitForAsync("It is read from the database alone");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [PostgresFact]
    public async Task Budget_SpentByTheLedgersRows_IsKnownBeforeReady()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        string database = await server.CreateDatabaseAsync("spent");
        string directory = Directory.CreateTempSubdirectory("llmproxy-budget-").FullName;
        try
        {
            await using (GatewayProcess gateway = await StartAsync(directory, new { Connection = database }))
            {
                await gateway.Logs.WaitForAsync("The database is ready");
            }

            await server.QueryAsync("spent", Row("single", "now()", 60_000_000_000) + Row("single", "now() - interval '40 days'", 990_000_000_000) + Row("other", "now()", 990_000_000_000));
            await using (GatewayProcess gateway = await StartAsync(directory, new { Connection = database }))
            {
                // 6 of 15 are spent this month: another 11 do not fit.
                Expect.Error(await ChatAsync(gateway, "known", Single, FiveTokens), 429, "insufficient_quota");
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Row(string key, string startedAt, long units) => $"""
        insert into llmproxy_calls (id, started_at, finished_at, endpoint, key_name, workspace, status, outcome, attempts, input_tokens, cached_tokens,
          cache_write_tokens, output_tokens, reasoning_tokens, usage_source, cost_units, duration_ms, cache, stream, client_gone, tags)
        values (gen_random_uuid(), {startedAt}, now(), 'chat', '{key}', 'default', 200, 'success', '[]', 1, 2, 3, 4, 0, 'reported', {units}, 1, 'miss', false, false, '[]');
        """;

    private static bool Says(UpstreamCall call, string key, int percent) =>
        call.Path == "/alerts" && call.Json["key"]?.ToString() == key && call.Json["percent"]?.GetValue<int>() == percent;

    private static Task<Reply> ChatAsync(GatewayProcess gateway, string model, string key, string more) =>
        gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/" + model, more), ("x-api-key", key));

    private Task<Reply> Chat(string model, string key, string more) => ChatAsync(fixture.Gateway, model, key, more);

    private Task<GatewayProcess> StartAsync(string directory, object database) => GatewayProcess.StartAsync(Settings(directory, database));

    private GatewaySettings Settings(string directory, object database) => new()
    {
        WorkingDirectory = directory,
        Config = GatewayFixture.Config(new
        {
            Keys = new object[] { new { Name = "single", Key = Single, BudgetUsd = 15 } },
            Llms = new object[] { Dollar(fixture.Upstream) },
            Database = database,
        }),
    };

    private static object Dollar(ScriptedUpstream upstream) => new
    {
        Name = "up",
        Provider = "custom",
        Model = "*",
        upstream.BaseUrl,
        InputPricePerMillion = 1_000_000,
        OutputPricePerMillion = 1_000_000,
        CachedInputPricePerMillion = 1_000_000,
    };

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings()
        {
            Other.Always(Answers.Json("{}"));
            return new GatewaySettings { Config = Written() };
        }

        private string Written() => Config(new
        {
            Keys = new object[]
            {
                new { Name = "spender", Key = Spender, Workspace = "team" },
                new { Name = "single", Key = Single, BudgetUsd = 15, BudgetPeriod = "day" },
                new { Name = "teller", Key = Teller, BudgetUsd = 100 },
                new { Name = "counter", Key = Counter, BudgetTokens = 35, BudgetPeriod = "week" },
            },
            Workspaces = new object[] { new { Name = "team", BudgetUsd = 38 } },
            Llms = new object[] { Dollar(Upstream) },
            Cache = new { Enabled = true },
            Alerts = new { WebhookUrl = Other.Address + "/alerts", At = new[] { 10, 20 } },
        });
    }
}
