using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The default switched by hand: live at once, kept across restarts, in the audit trail; and what holds when its place on the disk does not.</summary>
public sealed class DefaultSwitchTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("llmproxy-default-").FullName;
    private ScriptedUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Switch_IsLiveAtOnceAndSurvivesARestart()
    {
        await using (GatewayProcess gateway = await StartAsync())
        {
            Assert.Equal("alpha", await AnswererAsync(gateway, "default"));
            Assert.Equal("beta by database", Say(await gateway.SwitchAsync("{\"llm\": \"beta\"}")));
            Assert.Equal("beta", await AnswererAsync(gateway, "default"));
            Assert.Equal("beta", await AnswererAsync(gateway, "auto"));
            Assert.Equal(0, await gateway.SignalTermAsync());
        }

        await using (GatewayProcess gateway = await StartAsync())
        {
            Assert.Equal("beta", await AnswererAsync(gateway, "default")); // From the first call on, whether the database was quicker or not.
            Assert.Equal("beta by database", await gateway.DefaultOfAsync());
            Assert.Equal("alpha by configuration", Say(await gateway.SwitchAsync("{\"llm\": null}")));
            Assert.Equal("alpha", await AnswererAsync(gateway, "default"));
        }
    }

    [Fact]
    public async Task Switch_SurvivesAKill()
    {
        await using (GatewayProcess gateway = await StartAsync())
        {
            await gateway.SwitchAsync("{\"provider\": \"vllm\"}");
            gateway.Kill();
            await gateway.WaitForExitAsync();
        }

        Directory.Delete(Path.Combine(_directory, "data", "last-good"), recursive: true); // The database alone must know it.
        await using (GatewayProcess gateway = await StartAsync())
        {
            await AdminCalls.UntilAsync(async () => await gateway.DefaultOfAsync() == "gamma by database", () => gateway.Logs.Text);
        }
    }

    [Fact]
    public async Task Switch_LeavesItsTrail_NewestFirst()
    {
        await using GatewayProcess gateway = await StartAsync();
        await gateway.SwitchAsync("{\"llm\": \"beta\"}");
        await gateway.SwitchAsync("{\"provider\": \"vllm\"}");
        await gateway.SwitchAsync("{\"provider\": null}");

        JsonNode page = (await gateway.AdminAsync("audit?limit=2")).Json;
        JsonNode rest = (await gateway.AdminAsync($"audit?limit=2&cursor={page["next_cursor"]}")).Json;

        Assert.Equal(
            ["clear {\"provider\":\"vllm\"} -> ", "set {\"llm\":\"beta\"} -> {\"provider\":\"vllm\"}", "set  -> {\"llm\":\"beta\"}"],
            page["data"]!.AsArray().Concat(rest["data"]!.AsArray()).Select(e => $"{e!["action"]} {e["before"]?.ToJsonString()} -> {e["after"]?.ToJsonString()}"));
        Assert.Null(rest["next_cursor"]);
        Assert.All(page["data"]!.AsArray(), e => Assert.Equal(("admin key", "default"), (e!["who"]!.ToString(), e["subject"]!.ToString())));
    }

    [Fact]
    public async Task Switch_ToAnLlmThatIsGoneLater_GivesTheConfiguredDefaultBack()
    {
        await using GatewayProcess gateway = await StartAsync();
        await gateway.SwitchAsync("{\"llm\": \"beta\"}");

        await gateway.WriteConfigAsync(Config("alpha", "gamma"));

        await AdminCalls.UntilAsync(async () => await gateway.DefaultOfAsync() == "alpha by configuration", () => gateway.Logs.Text);
        Assert.Contains("not configured any more", (await gateway.AdminAsync("default")).Json["note"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("alpha", await AnswererAsync(gateway, "default"));
    }

    [Fact]
    public async Task Database_ThatCannotBeWritten_KeepsNobodyFromBeingServed()
    {
        File.WriteAllText(Path.Combine(_directory, "blocked"), "a file where the directory should be");

        await using GatewayProcess gateway = await StartAsync("Data Source=blocked/llmproxy.db");

        Assert.Equal("alpha", await AnswererAsync(gateway, "default"));
        await gateway.Logs.WaitForAsync(line => line.Contains("The database cannot be used", StringComparison.Ordinal));
        Reply refused = await gateway.AdminAsync("default", "{\"llm\": \"beta\"}");
        Assert.Contains("blocked", Expect.Error(refused, 503, "database_unavailable"), StringComparison.Ordinal);
        Assert.NotNull(refused.Header("retry-after"));
        Expect.Error(await gateway.AdminAsync("audit"), 503, "database_unavailable");
        Assert.Equal("alpha by configuration", await gateway.DefaultOfAsync());

        // Mended, it is taken up again without a restart.
        File.Delete(Path.Combine(_directory, "blocked"));
        Assert.Equal("beta by database", Say(await gateway.SwitchAsync("{\"llm\": \"beta\"}")));
    }

    [Fact]
    public async Task Database_OfARunningGateway_IsRefusedToASecond()
    {
        await using GatewayProcess first = await StartAsync();
        await first.SwitchAsync("{\"llm\": \"beta\"}");

        await using GatewayProcess second = await StartAsync($"Data Source={Path.Combine(_directory, "data", "llmproxy.db")}");

        await second.Logs.WaitForAsync(line => line.Contains("another gateway uses this file", StringComparison.Ordinal));
        Assert.NotEqual("", await AnswererAsync(second, "default"));
        Expect.Error(await second.AdminAsync("default", "{\"llm\": \"gamma\"}"), 503, "database_unavailable");
    }

    private Task<GatewayProcess> StartAsync(string? connection = null)
    {
        var settings = new GatewaySettings { WorkingDirectory = _directory, Config = Config("alpha", "beta", "gamma") }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key);
        return GatewayProcess.StartAsync(connection is null ? settings : settings.With("LlmProxy__Database__Connection", connection));
    }

    private string Config(params string[] names) => GatewayFixture.Config(new
    {
        Llms = names.Select((name, i) => new { Name = name, Provider = name == "gamma" ? "vllm" : "custom", Model = name, BaseUrl = _upstream.BaseUrl, Priority = 10 + i, IsDefault = i == 0, Local = true }),
    });

    private static async Task<string?> AnswererAsync(GatewayProcess gateway, string model)
    {
        Reply reply = await gateway.Client.ChatAsync(model);
        Expect.Ok(reply);
        return reply.Header("x-llm-model");
    }

    private static string Say(JsonNode shown) => $"{shown["llm"]} by {shown["source"]}";
}
