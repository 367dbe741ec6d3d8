using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Replicas on one real PostgreSQL: they start together, tell one another what operators decide, and live without it.</summary>
public sealed class PostgresTests(PostgresTests.Fixture fixture) : IClassFixture<PostgresTests.Fixture>
{
    [PostgresFact]
    public async Task Replicas_StartedTogetherOnAnEmptyDatabase_DoNotCollide()
    {
        string database = await fixture.Server.CreateDatabaseAsync("together");

        GatewayProcess[] replicas = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StartAsync(database)));
        try
        {
            foreach (GatewayProcess replica in replicas)
            {
                await replica.Logs.WaitForAsync(line => line.Contains("The database is ready", StringComparison.Ordinal));
                Assert.DoesNotContain("The database cannot be used", replica.Logs.Text, StringComparison.Ordinal);
            }

            Assert.Equal("3", await fixture.Server.QueryAsync("together", "select count(*) from llmproxy_migrations"));
        }
        finally
        {
            await Task.WhenAll(replicas.Select(replica => replica.DisposeAsync().AsTask()));
        }
    }

    [PostgresFact]
    public async Task Switch_OnOneReplica_IsLiveOnTheOther()
    {
        string database = await fixture.Server.CreateDatabaseAsync("shared");
        await using GatewayProcess one = await StartAsync(database);
        await using GatewayProcess two = await StartAsync(database);
        await two.Logs.WaitForAsync(line => line.Contains("The database is ready", StringComparison.Ordinal));

        await one.SwitchAsync("{\"llm\": \"beta\"}");
        Assert.Equal("beta by database", await one.DefaultOfAsync());
        await AdminCalls.UntilAsync(async () => await two.DefaultOfAsync() == "beta by database", () => two.Logs.Text);
        Assert.Equal("beta", (await two.Client.ChatAsync("default")).Header("x-llm-model"));

        await two.SwitchAsync("{\"llm\": null}");
        await AdminCalls.UntilAsync(async () => await one.DefaultOfAsync() == "alpha by configuration", () => one.Logs.Text);
        Assert.Equal(2, (await one.AdminAsync("audit")).Json["data"]!.AsArray().Count);
    }

    [PostgresFact]
    public async Task Database_LostAndFound_CostsNoCallAndForgetsNothing()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        string database = await server.CreateDatabaseAsync("lost");
        string directory = Directory.CreateTempSubdirectory("llmproxy-lost-").FullName;
        try
        {
            await using (GatewayProcess gateway = await StartAsync(database, directory))
            {
                await gateway.SwitchAsync("{\"llm\": \"beta\"}");
                await server.HaltAsync();
                await gateway.Logs.WaitForAsync(line => line.Contains("The database cannot be used", StringComparison.Ordinal));
                Assert.Equal("beta", (await gateway.Client.ChatAsync("default")).Header("x-llm-model"));
                Expect.Error(await gateway.AdminAsync("default", "{\"llm\": \"alpha\"}"), 503, "database_unavailable");
            }

            // Started without it: what it said last holds from the first call on.
            await using (GatewayProcess gateway = await StartAsync(database, directory))
            {
                Assert.Equal("beta", (await gateway.Client.ChatAsync("default")).Header("x-llm-model"));
                await server.ResumeAsync();
                await gateway.Logs.WaitForAsync(line => line.Contains("The database is ready", StringComparison.Ordinal));
                await gateway.SwitchAsync("{\"llm\": \"alpha\"}");
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Task<GatewayProcess> StartAsync(string database, string? directory = null) => GatewayProcess.StartAsync(new GatewaySettings
    {
        WorkingDirectory = directory,
        Config = GatewayFixture.Config(new
        {
            Database = new { Connection = database },
            Llms = new[]
            {
                new { Name = "alpha", Provider = "dummy", Model = "alpha", IsDefault = true },
                new { Name = "beta", Provider = "dummy", Model = "beta", IsDefault = false },
            },
        }),
    }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key));

    public sealed class Fixture : IAsyncLifetime
    {
        public PostgresServer Server { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            if (PostgresServer.Missing is null)
            {
                Server = await PostgresServer.StartAsync();
            }
        }

        public async Task DisposeAsync()
        {
            if (Server is not null)
            {
                await Server.DisposeAsync();
            }
        }
    }
}
