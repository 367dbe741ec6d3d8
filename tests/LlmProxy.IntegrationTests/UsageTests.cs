using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Real calls on the default database, and what their keys and their operators see of them.</summary>
public sealed class UsageTests(UsageTests.Fixture fixture) : IClassFixture<UsageTests.Fixture>
{
    private static readonly (string, string) Csv = ("Accept", "text/csv");

    public static TheoryData<string, string> WrongQueries => new()
    {
        { "usage?from=yesterday", "from" }, { "usage?to=2026-02-30", "to" }, { "usage?from=2026-11-02&to=2026-11-01", "from" }, { "usage?group_by=colour", "group_by" },
        { "usage?groupby=day", "groupby" }, { "usage?key=a&key=b", "key" }, { "usage/models?group_by=day", "group_by" }, { "costs/daily?days=0", "days" }, { "costs/daily?days=many", "days" },
        { "workspaces/default/costs?period=year", "period" }, { "requests?limit=0", "limit" }, { "requests?limit=1001", "limit" }, { "requests?cursor=abc", "cursor" }, { "requests?status=teapot", "status" },
        { "requests?provider=openai", "provider" },
    };

    [Theory]
    [MemberData(nameof(WrongQueries))]
    public async Task Query_ThatMeansNothing_IsRefusedByTheParametersName(string query, string param)
    {
        Reply reply = await fixture.Gateway.AdminAsync(query);

        Expect.Error(reply, 400, "invalid_value");
        Assert.Equal(param, reply.Json["error"]!["param"]!.ToString());
    }

    [Fact]
    public async Task Calls_ThatEnded_AreInTheLedgerAndInEverySum()
    {
        (string, string)[] caller = [("Authorization", "Bearer " + Fixture.TeamKey), ("x-llm-tags", "nightly,batch"), ("x-llm-user", "ann")];
        Reply plain = await fixture.Client.ChatAsync("priced", caller);
        Expect.Ok(plain);
        await using (StreamReply stream = await fixture.Client.StreamChatAsync("priced", caller))
        {
            await stream.Events.RestAsync();
        }

        JsonArray rows = [];
        await AdminCalls.UntilAsync(async () => (rows = (await fixture.Gateway.AdminAsync("requests?key=team-key")).Json["data"]!.AsArray()).Count == 2, () => fixture.Gateway.Logs.Text);

        JsonNode row = rows.First(row => row!["id"]!.ToString() == plain.Header("x-request-id"))!;
        Assert.Equal(("team/a", "priced", "priced", "dummy", "ann"), (row["workspace"]!.ToString(), row["requested_model"]!.ToString(), row["llm"]!.ToString(), row["provider"]!.ToString(), row["end_user"]!.ToString()));
        Assert.Equal((200, "success", false), (row["status"]!.GetValue<int>(), row["outcome"]!.ToString(), row["stream"]!.GetValue<bool>()));
        Assert.Equal(["batch", "nightly"], row["tags"]!.AsArray().Select(tag => tag!.ToString()).Where(tag => tag != "own").Order());
        Assert.Equal(plain.Json["usage"]!["completion_tokens"]!.GetValue<int>(), row["output_tokens"]!.GetValue<int>());
        decimal cost = rows.Sum(one => one!["cost_usd"]!.GetValue<decimal>());
        Assert.True(cost > 0);

        foreach ((string by, string name) in ((string, string)[])[("model", "priced"), ("key", "team-key"), ("workspace", "team/a"), ("tag", "nightly"), ("user", "ann"), ("day", Today(row))])
        {
            JsonNode? group = (await fixture.Gateway.AdminAsync("usage?key=team-key&group_by=" + by)).Json["data"]!.AsArray().Single(one => one![by]?.ToString() == name);
            Assert.Equal(2, group!["calls"]!.GetValue<int>());
            Assert.Equal(cost, group["cost_usd"]!.GetValue<decimal>());
        }

        Assert.Equal(cost, (await fixture.Gateway.AdminAsync("workspaces/team%2Fa/costs?period=month")).Json["total_cost"]!.GetValue<decimal>());
        Reply csv = await fixture.Client.FetchAsync("/admin/api/requests?key=team-key", ("Authorization", "Bearer " + AdminCalls.Key), Csv);
        Assert.Equal(rows.Select(one => one!["id"]!.ToString()), CsvTable.Read(csv.Text).Skip(1).Select(one => one[0]));
    }

    [Fact]
    public async Task Reports_WhileAnotherGatewayHasTheFile_SayThatTheDatabaseIsAway()
    {
        await using GatewayProcess second = await GatewayProcess.StartAsync(Fixture.Beside(fixture.Gateway.WorkingDirectory));
        await second.Logs.WaitForAsync(line => line.Contains("The database cannot be used", StringComparison.Ordinal));

        foreach (string path in (string[])["usage", "usage/models", "costs/daily", "workspaces/default/costs", "requests"])
        {
            Expect.Error(await second.AdminAsync(path), 503, "database_unavailable");
        }
    }

    [Fact]
    public async Task Key_AskedByItsHolder_IsShownWithoutItself()
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/key", ("Authorization", "Bearer " + Fixture.LimitedKey));

        Expect.Ok(reply);
        Assert.DoesNotContain(Fixture.LimitedKey, reply.Text, StringComparison.Ordinal);
        JsonNode key = reply.Json;
        Assert.Equal(("limited", "key", "team/a"), (key["name"]!.ToString(), key["kind"]!.ToString(), key["workspace"]!.ToString()));
        Assert.Equal(60, key["requests_per_minute"]!["limit"]!.GetValue<int>());
        Assert.Equal(4, key["parallel"]!["limit"]!.GetValue<int>());
        Assert.Equal(2.5m, key["budget"]!["budget_usd"]!.GetValue<decimal>());
        Assert.Equal("week", key["budget"]!["period"]!.ToString());
        Assert.Equal(["priced"], key["models"]!.AsArray().Select(model => model!.ToString()));
        Assert.Equal("2099-01-01T00:00:00Z", key["expires_at"]!.ToString());
        Assert.Equal(500, key["workspace_standing"]!["budget"]!["budget_usd"]!.GetValue<int>());

        Expect.Ok(await fixture.Client.ChatAsync("priced", ("Authorization", "Bearer " + Fixture.LimitedKey)));
        key = (await fixture.Client.FetchAsync("/key", ("x-api-key", Fixture.LimitedKey))).Json;
        Assert.Equal(59, key["requests_per_minute"]!["remaining"]!.GetValue<int>());
        Assert.True(key["budget"]!["spent_usd"]!.GetValue<decimal>() > 0);
        Assert.Equal(2.5m, key["budget"]!["spent_usd"]!.GetValue<decimal>() + key["budget"]!["remaining_usd"]!.GetValue<decimal>());
    }

    [Fact]
    public async Task Key_OfAnOperatorOrNobody_IsAnsweredSensibly()
    {
        JsonNode admin = (await fixture.Client.FetchAsync("/v1/key", ("Authorization", "Bearer " + AdminCalls.Key))).Json;
        Assert.Equal(("admin", "admin"), (admin["name"]!.ToString(), admin["kind"]!.ToString()));
        Assert.Null(admin["requests_per_minute"]);
        Assert.Null(admin["budget"]);

        Expect.Error(await fixture.Client.FetchAsync("/v1/key", ("Authorization", "Bearer sk-nobody")), 401, "invalid_api_key");
        await using GatewayProcess open = await GatewayProcess.StartAsync(new GatewaySettings());
        Assert.Equal("open", (await open.Client.FetchAsync("/v1/key")).Json["kind"]!.ToString());
    }

    [Fact]
    public async Task Reprice_OnItsOwnFile_RewritesItAndNeverUnderARunningGateway()
    {
        string directory = Directory.CreateTempSubdirectory("llmproxy-reprice-").FullName;
        try
        {
            decimal before;
            await using (GatewayProcess gateway = await GatewayProcess.StartAsync(Fixture.Beside(directory)))
            {
                Expect.Ok(await gateway.Client.ChatAsync("priced", ("Authorization", "Bearer " + AdminCalls.Key)));
                JsonArray rows = [];
                await AdminCalls.UntilAsync(async () => (await gateway.AdminAsync("requests")) is { Status: 200 } reply && (rows = reply.Json["data"]!.AsArray()).Count == 1, () => gateway.Logs.Text);
                before = rows[0]!["cost_usd"]!.GetValue<decimal>();

                EndedGateway refused = await GatewayProcess.RunToExitAsync(Fixture.Beside(directory, price: 9, "reprice", "--from", "2026-01-01", "--apply"));
                Assert.Equal(1, refused.ExitCode);
                Assert.Contains("Stop the gateway", refused.Log, StringComparison.Ordinal);
                await gateway.SignalTermAsync();
            }

            EndedGateway wrong = await GatewayProcess.RunToExitAsync(Fixture.Beside(directory, price: 9, "reprice", "--form", "2026-01-01"));
            Assert.Equal(2, wrong.ExitCode);
            EndedGateway done = await GatewayProcess.RunToExitAsync(Fixture.Beside(directory, price: 9, "reprice", "--from", "2026-01-01", "--apply"));
            Assert.True(done.ExitCode == 0, done.Log);
            Assert.Contains("Written: 1 call", done.Log, StringComparison.Ordinal);
            Assert.Contains("Budgets go on", done.Log, StringComparison.Ordinal);

            await using GatewayProcess after = await GatewayProcess.StartAsync(Fixture.Beside(directory, price: 9));
            await AdminCalls.UntilAsync(async () => (await after.AdminAsync("requests")).Status == 200, () => after.Logs.Text);
            Assert.Equal(before * 3, (await after.AdminAsync("usage")).Json["total"]!["cost_usd"]!.GetValue<decimal>());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Today(JsonNode row) => row["started_at"]!.ToString()[..10];

    public sealed class Fixture : GatewayFixture
    {
        public const string TeamKey = "sk-team-0123456789";
        public const string LimitedKey = "sk-limited-0123456789";

        /// <summary>Another gateway with the same LLM at another price.</summary>
        public static GatewaySettings Beside(string directory, int price = 3, params string[] arguments) => Of(price) with { WorkingDirectory = directory, Arguments = arguments };

        protected override GatewaySettings Settings() => Of(3);

        private static GatewaySettings Of(int price) => new GatewaySettings
        {
            Config = Config(new
            {
                Keys = new object[]
                {
                    new { Name = "team-key", Key = TeamKey, Workspace = "team/a", Tags = new[] { "own" } },
                    new
                    {
                        Name = "limited", Key = LimitedKey, Workspace = "team/a", RequestsPerMinute = 60, MaxParallel = 4, BudgetUsd = 2.5, BudgetPeriod = "week",
                        AllowedModels = new[] { "priced" }, ExpiresAt = "2099-01-01T00:00:00Z",
                    },
                },
                Workspaces = new[] { new { Name = "team/a", BudgetUsd = 500 } },
                Llms = new[] { new { Name = "priced", Provider = "dummy", Model = "priced", InputPricePerMillion = price, OutputPricePerMillion = price } },
            }),
        }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key);
    }
}
