using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The ledger on a real PostgreSQL: brought up to date, away and back, read-only, and with rows that it will not take.</summary>
public sealed class LedgerOnPostgresTests(PostgresTests.Fixture fixture) : IClassFixture<PostgresTests.Fixture>
{
    [PostgresFact]
    public async Task Tables_OfTheLastVersion_AreBroughtUpToDateByReplicasAtOnce()
    {
        string database = await fixture.Server.CreateDatabaseAsync("older");
        await using (GatewayProcess first = await StartAsync(database))
        {
            await first.Logs.WaitForAsync(line => line.Contains("The database is ready", StringComparison.Ordinal));
        }

        await fixture.Server.QueryAsync("older", """
            do $$ declare one text; begin
              for one in select tablename from pg_tables where tablename like 'llmproxy_%' and tablename not in ('llmproxy_migrations', 'llmproxy_settings', 'llmproxy_audit') loop
                execute 'drop table ' || one || ' cascade';
              end loop;
              delete from llmproxy_migrations where id > 1;
            end $$
            """);
        GatewayProcess[] replicas = await Task.WhenAll(StartAsync(database), StartAsync(database), StartAsync(database));
        try
        {
            string[] ids = await Task.WhenAll(replicas.Select(replica => AskAsync(replica)));

            foreach (string id in ids)
            {
                Assert.Equal("success", (await Ledger.In(fixture.Server, "older").RowAsync(id))?.Outcome);
            }

            Assert.All(replicas, replica => Assert.DoesNotContain("cannot be used", replica.Logs.Text, StringComparison.Ordinal));
        }
        finally
        {
            await Task.WhenAll(replicas.Select(replica => replica.DisposeAsync().AsTask()));
        }
    }

    [PostgresFact]
    public async Task Server_AwayForAWhile_GetsEveryRowAfterwards()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        string database = await server.CreateDatabaseAsync("blink");
        await using GatewayProcess gateway = await StartAsync(database);
        Ledger ledger = Ledger.In(server, "blink");
        List<string> ids = [await AskAsync(gateway)];
        Assert.NotNull(await ledger.RowAsync(ids[0]));

        await server.HaltAsync();
        for (int i = 0; i < 50; i++)
        {
            ids.Add(await AskAsync(gateway));
        }

        await server.ResumeAsync();
        ids.Add(await AskAsync(gateway));

        Assert.NotNull(await ledger.RowAsync(ids[^1], TimeSpan.FromSeconds(40)));
        Assert.Equal(ids.Order(), (await ledger.RowsAsync()).Select(row => row.Id).Order());
    }

    [PostgresFact]
    public async Task Server_ThatHasBecomeReadOnly_RejectsNoRow()
    {
        string database = await fixture.Server.CreateDatabaseAsync("readonly");
        await using GatewayProcess gateway = await StartAsync(database);
        Ledger ledger = Ledger.In(fixture.Server, "readonly");
        Assert.NotNull(await ledger.RowAsync(await AskAsync(gateway)));
        await fixture.Server.QueryAsync("postgres", "alter database readonly set default_transaction_read_only = on");
        await fixture.Server.QueryAsync("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'readonly'");

        string id = await AskAsync(gateway);
        await gateway.Logs.WaitForAsync(line => line.Contains("The ledger takes no rows", StringComparison.Ordinal) || line.Contains("read-only", StringComparison.Ordinal));
        await fixture.Server.QueryAsync("postgres", "alter database readonly set default_transaction_read_only = off");
        await fixture.Server.QueryAsync("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'readonly'");

        Assert.NotNull(await ledger.RowAsync(id, TimeSpan.FromSeconds(40)));
        Assert.False(File.Exists(Path.Combine(gateway.WorkingDirectory, "data", "journal", "rejected.jsonl")));
    }

    [PostgresFact]
    public async Task Row_ThatTheDatabaseWillNotTake_IsPutAsideAlone()
    {
        string database = await fixture.Server.CreateDatabaseAsync("picky");
        await using GatewayProcess gateway = await StartAsync(database);
        Ledger ledger = Ledger.In(fixture.Server, "picky");
        Assert.NotNull(await ledger.RowAsync(await AskAsync(gateway)));
        await fixture.Server.QueryAsync("picky", "alter table llmproxy_calls add constraint picky check (end_user is distinct from 'bad')");

        string[] ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => AskAsync(gateway, i == 7 ? "bad" : "good")));

        foreach (string id in ids.Where((_, i) => i != 7))
        {
            Assert.NotNull(await ledger.RowAsync(id));
        }

        string file = Path.Combine(gateway.WorkingDirectory, "data", "journal", "rejected.jsonl");
        await AdminCalls.UntilAsync(() => Task.FromResult(File.Exists(file) && File.ReadAllText(file).EndsWith('\n')), () => gateway.Logs.Text);
        JsonNode line = JsonNode.Parse(Assert.Single(await File.ReadAllLinesAsync(file)))!;
        Assert.Equal((ids[7], "bad"), (line["row"]!["id"]!.ToString(), line["row"]!["end_user"]!.ToString()));
        Assert.Contains("picky", line["reason"]!.ToString(), StringComparison.Ordinal);
        await gateway.Logs.WaitForAsync("The ledger does not take the row of call");
    }

    [PostgresFact]
    public async Task Text_ThatPostgresDoesNotTake_IsMadeFit()
    {
        string database = await fixture.Server.CreateDatabaseAsync("text");
        await using GatewayProcess gateway = await StartAsync(database);

        string id = await AskAsync(gateway, "a\\u0000b");

        Assert.Equal("a b", (await Ledger.In(fixture.Server, "text").RowAsync(id))?.EndUser);
    }

    private static async Task<string> AskAsync(GatewayProcess gateway, string user = "somebody")
    {
        Reply reply = await gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("alpha", $"\"user\":\"{user}\""));
        Expect.Ok(reply);
        return reply.Header("x-request-id")!;
    }

    private static Task<GatewayProcess> StartAsync(string database) => GatewayProcess.StartAsync(new GatewaySettings
    {
        Config = GatewayFixture.Config(new
        {
            Database = new { Connection = database },
            Llms = new[] { new { Name = "alpha", Provider = "dummy", Model = "alpha" } },
        }),
    });
}
