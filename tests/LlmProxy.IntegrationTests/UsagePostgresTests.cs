using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Reports of the built gateway on a PostgreSQL whose ledger holds rows of all kinds, against sums made without SQL.</summary>
public sealed class UsagePostgresTests(UsagePostgresTests.Fixture fixture) : IClassFixture<UsagePostgresTests.Fixture>
{
    private const string Range = "from=2026-09-01&to=2026-09-08";

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly DateTimeOffset Begin = new(2026, 9, 1, 0, 0, 0, TimeSpan.Zero);

    [PostgresFact]
    public async Task Usage_InEveryGrouping_IsTheSumOfItsRows()
    {
        foreach (string by in (string[])["model", "provider", "workspace", "key", "user", "tag", "day"])
        {
            Reply reply = await fixture.Gateway.AdminAsync($"usage?{Range}&group_by={by}");

            Expect.Ok(reply);
            Dictionary<string, Dictionary<string, decimal>> expected = MadeUpCall.Sum(fixture.Rows, NamesOf(by));
            JsonArray groups = reply.Json["data"]!.AsArray();
            Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), groups.Select(group => group![by]?.ToString() ?? "(null)").Order(StringComparer.Ordinal));
            Assert.All(groups, group => AssertSums(expected[group![by]?.ToString() ?? "(null)"], group));
            AssertSums(MadeUpCall.Sum(fixture.Rows.ToList()), reply.Json["total"]!);
            Assert.Equal("2026-09-01T00:00:00Z", reply.Json["from"]!.ToString());
            AssertSameAsCsv(groups, await CsvAsync($"usage?{Range}&group_by={by}"));
        }
    }

    [PostgresFact]
    public async Task Usage_Filtered_IsTheSumOfWhatIsLeft()
    {
        Reply reply = await fixture.Gateway.AdminAsync("usage?from=2026-09-02T12:00&to=2026-09-05T00:00:00Z&provider=OpenAI&workspace=team%2Fb%20%C3%BC&key=key-2");

        Expect.Ok(reply);
        MadeUpCall[] left = [.. fixture.Rows.Where(row => row.StartedAt >= Begin.AddHours(36) && row.StartedAt < Begin.AddDays(4) && row.Provider == "openai" && row.Workspace == "team/b ü" && row.Key == "key-2")];
        Assert.NotEmpty(left);
        AssertSums(MadeUpCall.Sum(left), reply.Json["total"]!);
    }

    [PostgresFact]
    public async Task Models_AreTheSumsByProviderAndModel()
    {
        Reply reply = await fixture.Gateway.AdminAsync("usage/models?" + Range);

        Expect.Ok(reply);
        JsonArray models = reply.Json["data"]!.AsArray();
        Dictionary<string, List<MadeUpCall>> expected = fixture.Rows.GroupBy(row => $"{row.Provider ?? "none"}/{row.Llm ?? "none"}").ToDictionary(group => group.Key, group => group.ToList());
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), models.Select(model => model!["model"]!.ToString()).Order(StringComparer.Ordinal));
        foreach (JsonNode? model in models)
        {
            List<MadeUpCall> rows = expected[model!["model"]!.ToString()];
            Dictionary<string, decimal> sums = MadeUpCall.Sum(rows);
            Assert.Equal(sums["calls"], model["total_calls"]!.GetValue<decimal>());
            Assert.Equal(sums["successful"], model["successful_calls"]!.GetValue<decimal>());
            Assert.Equal(sums["failed"], model["failed_calls"]!.GetValue<decimal>());
            Assert.Equal(sums["cost_usd"], model["total_cost_usd"]!.GetValue<decimal>());
            Assert.Equal(rows.Sum(row => row.DurationMs), model["total_latency_ms"]!.GetValue<double>(), 1.0);
        }

        AssertSameAsCsv(models, await CsvAsync("usage/models?" + Range));
    }

    [PostgresFact]
    public async Task Costs_OfTheWorkspaceWithASlash_AreThoseOfThisPeriod()
    {
        foreach (string period in (string[])["day", "week", "month"])
        {
            Reply reply = await fixture.Gateway.AdminAsync($"workspaces/now%2Fhere%20%25/costs?period={period}");

            Expect.Ok(reply);
            Assert.Equal("now/here %", reply.Json["workspace"]!.ToString());
            Assert.Equal(2, reply.Json["call_count"]!.GetValue<int>());
            Assert.Equal(0.0000000025m, reply.Json["total_cost"]!.GetValue<decimal>());
            Assert.Equal(30, reply.Json["total_tokens"]!.GetValue<int>());
            JsonNode model = Assert.Single(reply.Json["by_model"]!.AsArray())!;
            Assert.Equal(("gpt-4o", "openai", 2), (model["model"]!.ToString(), model["provider"]!.ToString(), model["call_count"]!.GetValue<int>()));
        }

        Expect.Error(await fixture.Gateway.AdminAsync("workspaces/nowhere/costs"), 404, "not_found");
        Assert.Equal(0, (await fixture.Gateway.AdminAsync("workspaces/team%2Fb%20%C3%BC/costs?period=day")).Json["call_count"]!.GetValue<int>());
    }

    [PostgresFact]
    public async Task Costs_Daily_HaveEveryDayOnce()
    {
        Reply reply = await fixture.Gateway.AdminAsync("costs/daily?days=400");

        Expect.Ok(reply);
        JsonArray days = reply.Json["data"]!.AsArray();
        Assert.Equal(400, days.Count);
        Dictionary<string, Dictionary<string, decimal>> expected = MadeUpCall.Sum(fixture.Rows, row => [row.Day]);
        foreach (JsonNode? day in days.Where(day => expected.ContainsKey(day!["day"]!.ToString())))
        {
            Assert.Equal(expected[day!["day"]!.ToString()]["cost_usd"], day["total_cost"]!.GetValue<decimal>());
            Assert.Equal(expected[day["day"]!.ToString()]["calls"], day["call_count"]!.GetValue<decimal>());
        }

        Assert.Equal(2, (await fixture.Gateway.AdminAsync("costs/daily?days=2&workspace=now/here%20%25")).Json["call_count"]!.GetValue<int>());
        AssertSameAsCsv(days, await CsvAsync("costs/daily?days=400"));
    }

    [PostgresFact]
    public async Task Requests_PageByPageWhileCallsComeIn_AreAllThereOnceNewestFirst()
    {
        var seen = new List<string>();
        string? cursor = null;
        int turn = 0;
        do
        {
            Reply page = await fixture.Gateway.AdminAsync($"requests?from=2026-09-01&to=2026-10-01&limit=100{(cursor is null ? "" : "&cursor=" + cursor)}");
            Expect.Ok(page);
            seen.AddRange(page.Json["data"]!.AsArray().Select(row => row!["id"]!.ToString()));
            cursor = page.Json["next_cursor"]?.ToString();
            await fixture.AddAsync(MadeUpCall.Some(500 + turn++, 3, new DateTimeOffset(2026, 9, 20, 0, 0, 0, TimeSpan.Zero).AddMinutes(turn), TimeSpan.FromSeconds(1)));
        }
        while (cursor is not null);

        string[] expected = [.. fixture.Rows.OrderByDescending(row => row.StartedAt).ThenByDescending(row => row.Id.ToString(), StringComparer.Ordinal).Select(row => row.Id.ToString())];
        Assert.Equal(expected, seen);
    }

    [PostgresFact]
    public async Task Requests_AsCsv_AreTheWholeRangeAndEqualToTheJson()
    {
        Reply csv = await CsvAsync("requests?" + Range);
        var json = new JsonArray();
        for (string? cursor = ""; cursor is not null;)
        {
            Reply page = await fixture.Gateway.AdminAsync($"requests?{Range}&limit=1000&cursor={cursor}");
            foreach (JsonNode? row in page.Json["data"]!.AsArray())
            {
                json.Add(row!.DeepClone());
            }

            cursor = page.Json["next_cursor"]?.ToString();
        }

        Assert.Equal(fixture.Rows.Count, json.Count);
        Assert.Equal("attachment; filename=\"requests.csv\"", csv.Header("content-disposition"));
        AssertSameAsCsv(json, csv);

        Reply part = await CsvAsync($"requests?{Range}&limit=5");
        Assert.Equal(6, CsvTable.Read(part.Text).Count);
        Assert.False(string.IsNullOrEmpty(part.Header("x-next-cursor")));
    }

    [PostgresFact]
    public async Task Requests_Filtered_AreThese()
    {
        (string Query, Func<MadeUpCall, bool> Keep)[] filters =
        [
            ("key=key-1", row => row.Key == "key-1"),
            ("workspace=team-a", row => row.Workspace == "team-a"),
            ("llm=claude&status=5xx", row => row.Llm == "claude" && row.Status == 502),
            ("status=client_gone", row => row.Outcome == "client_gone"),
            ("status=200&key=key-0", row => row.Status == 200 && row.Key == "key-0"),
            ("key=%27%20or%201=1%20--", _ => false),
        ];
        foreach ((string query, Func<MadeUpCall, bool> keep) in filters)
        {
            Reply reply = await fixture.Gateway.AdminAsync($"requests?{Range}&limit=1000&{query}");

            Expect.Ok(reply);
            string[] expected = [.. fixture.Rows.Where(keep).OrderByDescending(row => row.StartedAt).ThenByDescending(row => row.Id.ToString(), StringComparer.Ordinal).Take(1000).Select(row => row.Id.ToString())];
            Assert.Equal(expected, reply.Json["data"]!.AsArray().Select(row => row!["id"]!.ToString()));
        }
    }

    [PostgresFact]
    public async Task Reprice_BesideARunningGateway_RewritesTheLedger()
    {
        const string Prices = "select coalesce(sum(cost_units), 0) from llmproxy_calls where llm = 'priced'";
        await fixture.AddAsync([.. Enumerable.Range(0, 700).Select(i => new MadeUpCall
        {
            Id = Guid.NewGuid(), StartedAt = new DateTimeOffset(2026, 8, 1, 0, 0, 0, TimeSpan.Zero), Llm = "priced", Provider = "dummy", Input = 1_000_000, CostUnits = i,
        })]);

        EndedGateway dry = await fixture.RunAsync("reprice", "--from", "2026-08-01", "--to", "2026-08-02");
        Assert.Equal(0, dry.ExitCode);
        Assert.Contains("Nothing was written", dry.Log, StringComparison.Ordinal);
        Assert.Equal((699 * 700 / 2).ToString(CultureInfo.InvariantCulture), await fixture.Server!.QueryAsync("usage", Prices));

        EndedGateway done = await fixture.RunAsync("reprice", "--from", "2026-08-01", "--to", "2026-08-02", "--apply");
        Assert.Equal(0, done.ExitCode);
        Assert.Contains("Written: 700 calls", done.Log, StringComparison.Ordinal);
        Assert.Equal("21000000000000", await fixture.Server.QueryAsync("usage", Prices)); // 3 USD each.
        Assert.Equal("reprice", (await fixture.Gateway.AdminAsync("audit?limit=1")).Json["data"]![0]!["action"]!.ToString());
    }

    private static void AssertSums(Dictionary<string, decimal> expected, JsonNode sums)
    {
        foreach ((string name, decimal value) in expected)
        {
            Assert.True(value == sums[name]!.GetValue<decimal>(), $"{name}: {value} expected, got {sums}");
        }
    }

    private static void AssertSameAsCsv(JsonArray json, Reply csv)
    {
        Assert.Equal("text/csv", csv.MediaType);
        IReadOnlyList<string[]> rows = CsvTable.Read(csv.Text);
        Assert.Equal(json.Count, rows.Count - 1);
        for (int i = 0; i < json.Count; i++)
        {
            JsonObject expected = json[i]!.AsObject();
            Assert.Equal(expected.Select(member => member.Key), rows[0]);
            Assert.Equal(expected.Select(member => AsCell(member.Value)), rows[i + 1].Select(Undefused));
        }
    }

    private static string Undefused(string cell) => cell is ['\'', '=' or '+' or '-' or '@' or '\t' or '\r' or '\n', ..] ? cell[1..] : cell;

    private static string AsCell(JsonNode? value) => value switch
    {
        null => "",
        JsonValue => value.ToString(),
        _ => value.ToJsonString(Relaxed),
    };

    private static Func<MadeUpCall, IEnumerable<string?>> NamesOf(string by) => by switch
    {
        "model" => row => [row.Llm],
        "provider" => row => [row.Provider],
        "workspace" => row => [row.Workspace],
        "key" => row => [row.Key],
        "user" => row => [row.User],
        "tag" => row => row.TagNames(),
        _ => row => [row.Day],
    };

    private Task<Reply> CsvAsync(string path) => fixture.Gateway.Client.FetchAsync("/admin/api/" + path, ("Authorization", "Bearer " + AdminCalls.Key), ("Accept", "text/csv"));

    public sealed class Fixture : IAsyncLifetime
    {
        private string _database = "";

        public PostgresServer? Server { get; private set; }

        public GatewayProcess Gateway { get; private set; } = null!;

        public IReadOnlyList<MadeUpCall> Rows { get; } = MadeUpCall.Some(11, 2_300, Begin, TimeSpan.FromDays(7));

        public async Task InitializeAsync()
        {
            if (PostgresServer.Missing is not null)
            {
                return;
            }

            Server = await PostgresServer.StartAsync();
            _database = await Server.CreateDatabaseAsync("usage");
            Gateway = await GatewayProcess.StartAsync(Settings([]));
            await Gateway.Logs.WaitForAsync(line => line.Contains("The database is ready", StringComparison.Ordinal));
            await AddAsync(Rows);
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            now = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
            var call = new MadeUpCall { Id = Guid.NewGuid(), StartedAt = now, Workspace = "now/here %", Llm = "gpt-4o", Provider = "openai", Input = 5, Output = 10, CostUnits = 10 };
            await AddAsync([call, call with { Id = Guid.NewGuid(), CostUnits = 15 }]);
        }

        public async Task AddAsync(IEnumerable<MadeUpCall> rows)
        {
            foreach (string insert in MadeUpCall.Inserts(rows))
            {
                await Server!.QueryAsync("usage", insert);
            }
        }

        public Task<EndedGateway> RunAsync(params string[] arguments) => GatewayProcess.RunToExitAsync(Settings(arguments));

        public async Task DisposeAsync()
        {
            if (Gateway is not null)
            {
                await Gateway.DisposeAsync();
            }

            if (Server is not null)
            {
                await Server.DisposeAsync();
            }
        }

        private GatewaySettings Settings(string[] arguments) => new GatewaySettings
        {
            Arguments = arguments,
            Config = GatewayFixture.Config(new
            {
                Database = new { Connection = _database },
                Llms = new[] { new { Name = "priced", Provider = "dummy", Model = "priced", InputPricePerMillion = 3 } },
            }),
        }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key);
    }
}
