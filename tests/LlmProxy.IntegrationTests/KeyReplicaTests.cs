using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Keys on replicas that share a PostgreSQL, across restarts, and while it is away.</summary>
public sealed class KeyReplicaTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("llmproxy-keys-").FullName;
    private PostgresServer _server = null!;
    private string _database = "";

    public async Task InitializeAsync()
    {
        if (PostgresServer.Missing is null)
        {
            _server = await PostgresServer.StartAsync();
            _database = await _server.CreateDatabaseAsync("keys");
        }
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [PostgresFact]
    public async Task Change_OnOneReplica_IsLiveOnTheOther()
    {
        await using GatewayProcess one = await StartAsync(_database);
        await using GatewayProcess two = await StartAsync(_database);

        JsonNode made = await one.MakeAsync("keys", """{"name": "shared", "workspace": "team", "budget_usd": 0.000000000000000001}""");
        string key = made["key"]!.ToString();
        Assert.Equal(200, await StatusAsync(one, key));
        await AdminCalls.UntilAsync(async () => await StatusAsync(two, key) == 200, () => two.Logs.Text);
        Assert.Equal("0.000000000000000001", (await two.AdminAsync("keys/shared")).Json["budget_usd"]!.ToJsonString());

        // Changed by the other, which has to hear of it first.
        Expect.Ok(await two.AdminAsync(HttpMethod.Patch, "keys/shared", """{"allowed_models": ["other"]}"""));
        await AdminCalls.UntilAsync(async () => await StatusAsync(one, key) == 403, () => one.Logs.Text);

        await one.MakeAsync("workspaces", """{"name": "team"}""");
        Expect.Error409(await two.AdminAsync(HttpMethod.Delete, "workspaces/team"));
        Expect.Ok(await one.AdminAsync(HttpMethod.Delete, $"keys/{made["id"]}"));
        await AdminCalls.UntilAsync(async () => await StatusAsync(two, key) == 401, () => two.Logs.Text);
        Expect.Ok(await two.AdminAsync(HttpMethod.Delete, "workspaces/team"));
        Assert.Equal("5", await _server.QueryAsync("keys", "select version from llmproxy_access"));
        Assert.Equal("0", await _server.QueryAsync("keys", $"select count(*) from llmproxy_keys where position('{key}' in llmproxy_keys::text) > 0"));
    }

    [PostgresFact]
    public async Task Name_TakenOnTwoReplicasAtOnce_IsGivenOnce()
    {
        await using GatewayProcess one = await StartAsync(_database);
        await using GatewayProcess two = await StartAsync(_database);
        await one.MakeAsync("keys", """{"name": "first"}""");

        int[] statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await (i % 2 == 0 ? one : two).AdminAsync("keys", """{"name": "contested"}""")).Status));

        Assert.Equal(1, statuses.Count(status => status == 200));
        Assert.Equal(19, statuses.Count(status => status == 409));
    }

    [PostgresFact]
    public async Task Database_AwayAtAStart_KnownKeysAreServedAndUnknownOnesAskedToWait()
    {
        string key;
        string revoked;
        await using (GatewayProcess gateway = await StartAsync(_database, _directory))
        {
            key = (await gateway.MakeAsync("keys", """{"name": "steady", "requests_per_minute": 100000}"""))["key"]!.ToString();
            revoked = (await gateway.MakeAsync("keys", """{"name": "gone"}"""))["key"]!.ToString();
            Expect.Ok(await gateway.AdminAsync(HttpMethod.Delete, "keys/gone"));
            await _server.HaltAsync();
            await gateway.Logs.WaitForAsync(line => line.Contains("The database cannot be used", StringComparison.Ordinal));

            // Heard since its start: what it does not know is not there.
            Assert.Equal(200, await StatusAsync(gateway, key));
            Assert.Equal(401, await StatusAsync(gateway, "sk-llmproxy-nobody"));
            Expect.Error(await gateway.AdminAsync("keys", """{"name": "late"}"""), 503, "database_unavailable");
            Expect.Error(await gateway.AdminAsync(HttpMethod.Delete, "keys/steady"), 503, "database_unavailable");
            Assert.Equal(200, await StatusAsync(gateway, key));
        }

        await using (GatewayProcess gateway = await StartAsync(_database, _directory))
        {
            Assert.Equal(200, await StatusAsync(gateway, key));
            Assert.Equal(401, await StatusAsync(gateway, revoked));
            for (int i = 0; i < 30; i++)
            {
                Reply unknown = await gateway.Client.ChatAsync("dummy", ("x-api-key", "sk-llmproxy-nobody"));
                Expect.Error(unknown, 503, "database_unavailable");
                Assert.NotNull(unknown.Header("retry-after"));
            }

            await _server.ResumeAsync();
            await AdminCalls.UntilAsync(async () => await StatusAsync(gateway, "sk-llmproxy-nobody") == 401, () => gateway.Logs.Text);
            Assert.Equal(200, await StatusAsync(gateway, key));
        }
    }

    [PostgresFact]
    public async Task Database_NeverHeard_KeepsReadyBackAndServesTheConfiguredKeys()
    {
        await _server.HaltAsync();
        await using GatewayProcess gateway = await GatewayProcess.LaunchAsync(Settings(_database, _directory));

        Assert.Equal(503, (await gateway.Client.FetchAsync("/health/ready")).Status);
        Assert.Equal(200, await StatusAsync(gateway, Configured));
        Assert.Equal(503, await StatusAsync(gateway, "sk-llmproxy-perhaps"));

        await _server.ResumeAsync();
        await AdminCalls.UntilAsync(async () => (await gateway.Client.FetchAsync("/health/ready")).Status == 200, () => gateway.Logs.Text);
        Assert.Equal(401, await StatusAsync(gateway, "sk-llmproxy-perhaps"));
    }

    [Fact]
    public async Task Restart_OnAFileOfItsOwn_KnowsItsKeys()
    {
        string key;
        await using (GatewayProcess gateway = await StartAsync(null, _directory))
        {
            key = (await gateway.MakeAsync("keys", """{"name": "kept"}"""))["key"]!.ToString();
            Assert.Equal(401, await StatusAsync(gateway, "sk-llmproxy-nobody"));
        }

        await using (GatewayProcess gateway = await StartAsync(null, _directory))
        {
            Assert.Equal(200, await StatusAsync(gateway, key));
            await AdminCalls.UntilAsync(async () => await StatusAsync(gateway, "sk-llmproxy-nobody") == 401, () => gateway.Logs.Text);
            Expect.Ok(await gateway.AdminAsync(HttpMethod.Delete, "keys/kept"));
        }

        await using (GatewayProcess gateway = await StartAsync(null, _directory))
        {
            Assert.Equal(401, await StatusAsync(gateway, key));
        }
    }

    private const string Configured = "sk-configured-caller-0123456789";

    private static async Task<int> StatusAsync(GatewayProcess gateway, string key) => (await gateway.Client.ChatAsync("dummy", ("x-api-key", key))).Status;

    private static Task<GatewayProcess> StartAsync(string? database, string? directory = null) => GatewayProcess.StartAsync(Settings(database, directory));

    private static GatewaySettings Settings(string? database, string? directory) => new GatewaySettings
    {
        WorkingDirectory = directory,
        Config = GatewayFixture.Config(new
        {
            Auth = new { UnknownKeysPerMinute = 0 },
            Database = new { Connection = database ?? "Data Source=data/llmproxy.db" },
            Keys = new[] { new { Name = "configured", Key = Configured } },
            Llms = new[] { new { Name = "dummy", Provider = "dummy", Model = "dummy" } },
        }),
    }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key);
}
