using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Keys and workspaces that operators make while the gateway runs: shown once, in force at once, gone at once.</summary>
public sealed class KeyAdminTests(KeyAdminTests.Fixture fixture) : IClassFixture<KeyAdminTests.Fixture>, IAsyncLifetime
{
    private const string FromConfig = "sk-configured-caller-0123456789";

    private GatewayProcess Gateway => fixture.Gateway;

    /// <summary>The database is opened behind the start.</summary>
    public Task InitializeAsync() => AdminCalls.UntilAsync(async () => (await Gateway.AdminAsync("audit")).Status == 200, () => Gateway.Logs.Text);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Key_Created_IsShownOnceAndServedAtOnce()
    {
        JsonNode made = await Gateway.MakeAsync("keys", """{"name": "once", "workspace": "team-a", "budget_usd": 0.1, "tags": ["t"]}""");

        string key = made["key"]!.ToString();
        Assert.Matches("^sk-llmproxy-[0-9A-Za-z]{43}$", key);
        Assert.StartsWith(made["prefix"]!.ToString(), key, StringComparison.Ordinal);
        foreach ((string, string) header in ((string, string)[])[("Authorization", "Bearer " + key), ("x-api-key", key), ("api-key", key)])
        {
            Expect.Ok(await Gateway.Client.ChatAsync("alpha", header));
        }

        foreach (string path in (string[])["keys", $"keys/{made["id"]}", "keys/once", "audit"])
        {
            Reply reply = await Gateway.AdminAsync(path);
            Expect.Ok(reply);
            Assert.DoesNotContain(key, reply.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("hash", reply.Text, StringComparison.OrdinalIgnoreCase);
        }

        JsonNode seen = (await Gateway.AdminAsync("keys/once")).Json;
        Assert.Equal("0.1", seen["budget_usd"]!.ToJsonString());
        Assert.Equal(("database", "active", false), (seen["source"]!.ToString(), seen["status"]!.ToString(), (bool)seen["read_only"]!));
        Assert.DoesNotContain(key, Gateway.Logs.Text, StringComparison.Ordinal);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Gateway.WorkingDirectory, "data"), "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("lock", StringComparison.Ordinal)))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            Assert.DoesNotContain(key, await reader.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Key_Revoked_IsRefusedAtOnceAndStaysInTheList()
    {
        JsonNode made = await Gateway.MakeAsync("keys", """{"name": "short-lived"}""");
        Expect.Ok(await CallAsync(made["key"]!.ToString()));

        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Delete, $"keys/{made["id"]}"));

        Assert.Contains("revoked", Expect.Error(await CallAsync(made["key"]!.ToString()), 401, "invalid_api_key"), StringComparison.Ordinal);
        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Delete, $"keys/{made["id"]}"));
        JsonNode listed = Assert.Single((await Gateway.AdminAsync("keys?status=revoked&q=short")).Json["data"]!.AsArray())!;
        Assert.Equal("revoked", listed["status"]!.ToString());
        Expect.Error409(await Gateway.AdminAsync(HttpMethod.Patch, $"keys/{made["id"]}", """{"tags": []}"""));
        Expect.Error409(await Gateway.AdminAsync("keys", """{"name": "Short-Lived"}"""));
    }

    [Fact]
    public async Task Key_Rotated_HasAnotherSecretAndTheSameRights()
    {
        JsonNode made = await Gateway.MakeAsync("keys", """{"name": "turning", "allowed_models": ["alpha"]}""");

        JsonNode turned = (await Gateway.AdminAsync("keys/turning/rotate", "{}")).Json;

        Expect.Error(await CallAsync(made["key"]!.ToString()), 401, "invalid_api_key");
        Expect.Ok(await CallAsync(turned["key"]!.ToString()));
        Expect.Error(await CallAsync(turned["key"]!.ToString(), "beta"), 403, "model_not_allowed");
        Assert.Equal(made["id"]!.ToString(), turned["id"]!.ToString());
    }

    [Fact]
    public async Task Key_Changed_HoldsAtOnce()
    {
        JsonNode made = await Gateway.MakeAsync("keys", """{"name": "changing", "requests_per_minute": 1000}""");
        string key = made["key"]!.ToString();
        Expect.Ok(await CallAsync(key, "beta"));

        Reply changed = await Gateway.AdminAsync(HttpMethod.Patch, "keys/changing", """{"allowed_models": ["al*"], "priority": 5}""");
        Expect.Ok(changed);
        Assert.Equal(1000, (int)changed.Json["requests_per_minute"]!);
        Expect.Ok(await CallAsync(key, "alpha"));
        Expect.Error(await CallAsync(key, "beta"), 403, "model_not_allowed");

        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Patch, "keys/changing", """{"allowed_models": null, "allow_external": false}"""));
        Expect.Error(await CallAsync(key, "beta"), 403, "external_not_allowed");
        Assert.Equal("alpha", (await CallAsync(key, "both")).Header("x-llm-model"));
        Expect.Error(await Gateway.Client.PostAsync("/pass/beta/chat/completions", GatewayCalls.ChatBody("beta-model"), ("x-api-key", key)), 403, "external_not_allowed");
        Assert.Equal("alpha", (await CallAsync(key, "auto")).Header("x-llm-model"));

        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Put, "keys/changing", """{"expires_at": "2020-01-01T00:00:00Z"}"""));
        Expect.Error(await CallAsync(key), 401, "key_expired");
        JsonNode seen = (await Gateway.AdminAsync("keys/changing")).Json;
        Assert.Equal(("expired", 0, true), (seen["status"]!.ToString(), (int)seen["requests_per_minute"]!, (bool)seen["allow_external"]!));
    }

    [Theory]
    [InlineData("""{}""", 400, "missing_field", "name")]
    [InlineData("""{"name": ""}""", 400, "invalid_value", "name")]
    [InlineData("""{"name": "a,b"}""", 400, "invalid_value", "name")]
    [InlineData("""{"name": "a\u0000b"}""", 400, "invalid_value", "name")]
    [InlineData("""{"name": "\ud800"}""", 400, "invalid_value", "name")]
    [InlineData("""{"name": 5}""", 400, "invalid_value", "name")]
    [InlineData("""{"name": "x", "bugdet_usd": 5}""", 400, "invalid_value", "bugdet_usd")]
    [InlineData("""{"name": "x", "key": "sk-my-own"}""", 400, "invalid_value", "key")]
    [InlineData("""{"name": "x", "budget_usd": -1}""", 400, "invalid_value", "budget_usd")]
    [InlineData("""{"name": "x", "budget_usd": 1e400}""", 400, "invalid_value", "budget_usd")]
    [InlineData("""{"name": "x", "budget_usd": "5"}""", 400, "invalid_value", "budget_usd")]
    [InlineData("""{"name": "x", "requests_per_minute": 2.5}""", 400, "invalid_value", "requests_per_minute")]
    [InlineData("""{"name": "x", "requests_per_minute": 4294967296}""", 400, "invalid_value", "requests_per_minute")]
    [InlineData("""{"name": "x", "tokens_per_minute": 99999999999999999999}""", 400, "invalid_value", "tokens_per_minute")]
    [InlineData("""{"name": "x", "budget_period": "year"}""", 400, "invalid_value", "budget_period")]
    [InlineData("""{"name": "x", "expires_at": "tomorrow"}""", 400, "invalid_value", "expires_at")]
    [InlineData("""{"name": "x", "allowed_models": "gpt"}""", 400, "invalid_value", "allowed_models")]
    [InlineData("""{"name": "x", "allowed_models": [1]}""", 400, "invalid_value", "allowed_models")]
    [InlineData("""{"name": "x", "allow_external": "no"}""", 400, "invalid_value", "allow_external")]
    [InlineData("""{"name": "x", "workspace": " a"}""", 400, "invalid_value", "workspace")]
    [InlineData("""{"name": "x" """, 400, "invalid_json", null)]
    [InlineData("""["x"]""", 400, "invalid_json", null)]
    [InlineData("""{"name": "configured"}""", 409, "conflict", "name")]
    [InlineData("""{"name": "CONFIGURED"}""", 409, "conflict", "name")]
    public async Task Key_WronglyAskedFor_IsRefusedSayingWhy(string body, int status, string code, string? param)
    {
        Reply reply = await Gateway.AdminAsync("keys", body);

        Assert.True(reply.Status == status, reply.ToString());
        JsonNode error = reply.Json["error"]!;
        Assert.Equal((code, param), (error["code"]!.ToString(), error["param"]?.ToString()));
        Assert.DoesNotContain((await Gateway.AdminAsync("keys?q=x&status=active")).Json["data"]!.AsArray(), key => key!["name"]!.ToString() == "x");
    }

    [Fact]
    public async Task Key_OfTheConfiguration_IsShownAndLeftAlone()
    {
        JsonNode seen = (await Gateway.AdminAsync("keys/configured")).Json;
        Assert.Equal(("configured", "config", true), (seen["id"]!.ToString(), seen["source"]!.ToString(), (bool)seen["read_only"]!));
        Assert.DoesNotContain(FromConfig, (await Gateway.AdminAsync("keys")).Text, StringComparison.Ordinal);

        Expect.Error409(await Gateway.AdminAsync(HttpMethod.Patch, "keys/configured", """{"tags": []}"""));
        Expect.Error409(await Gateway.AdminAsync(HttpMethod.Delete, "keys/configured"));
        Expect.Error409(await Gateway.AdminAsync("keys/configured/rotate", "{}"));
        Expect.Error(await Gateway.AdminAsync("keys/nobody"), 404, "not_found");
        Expect.Error(await Gateway.AdminAsync(HttpMethod.Delete, "keys/nobody"), 404, "not_found");
        Expect.Error(await Gateway.AdminAsync("keys?colour=red"), 400, "invalid_value");
    }

    [Fact]
    public async Task Keys_Listed_ComeByNamePageByPage()
    {
        foreach (int i in Enumerable.Range(0, 5))
        {
            await Gateway.MakeAsync("keys", $$"""{"name": "paged-{{i}}", "workspace": "pages"}""");
        }

        var names = new List<string>();
        string? cursor = "";
        do
        {
            JsonNode page = (await Gateway.AdminAsync($"keys?workspace=Pages&limit=2&cursor={cursor}")).Json;
            names.AddRange(page["data"]!.AsArray().Select(key => key!["name"]!.ToString()));
            cursor = page["next_cursor"]?.ToString();
        }
        while (cursor is not null);

        Assert.Equal(["paged-0", "paged-1", "paged-2", "paged-3", "paged-4"], names);
    }

    [Fact]
    public async Task Workspace_MadeAndChanged_LimitsItsKeysAtOnce()
    {
        JsonNode workspace = await Gateway.MakeAsync("workspaces", """{"name": "narrow", "requests_per_minute": 1, "budget_usd": 12.34567890123456789}""");
        Assert.Equal("12.34567890123456789", workspace["budget_usd"]!.ToJsonString());
        string key = (await Gateway.MakeAsync("keys", """{"name": "in-narrow", "workspace": "Narrow"}"""))["key"]!.ToString();

        Expect.Ok(await CallAsync(key));
        Expect.Error(await CallAsync(key), 429, "rate_limit_exceeded");
        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Patch, "workspaces/narrow", """{"requests_per_minute": 0}"""));
        Expect.Ok(await CallAsync(key));

        Reply inUse = await Gateway.AdminAsync(HttpMethod.Delete, "workspaces/narrow");
        Assert.Contains("in-narrow", Expect.Error409(inUse), StringComparison.Ordinal);
        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Patch, "keys/in-narrow", """{"workspace": "elsewhere"}"""));
        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Delete, "workspaces/narrow"));
        Expect.Error(await Gateway.AdminAsync("workspaces/narrow"), 404, "not_found");
    }

    [Fact]
    public async Task Workspace_OfTheConfiguration_IsShownAndLeftAlone()
    {
        Assert.Equal("config", (await Gateway.AdminAsync("workspaces/house")).Json["source"]!.ToString());
        Assert.Contains((await Gateway.AdminAsync("workspaces?q=HOU")).Json["data"]!.AsArray(), space => space!["name"]!.ToString() == "house");
        Expect.Error409(await Gateway.AdminAsync("workspaces", """{"name": "House"}"""));
        Expect.Error409(await Gateway.AdminAsync(HttpMethod.Delete, "workspaces/house"));
        Expect.Error(await Gateway.AdminAsync("workspaces", """{"name": "global"}"""), 400, "invalid_value");
        Expect.Error(await Gateway.AdminAsync("workspaces", """{"name": "w", "weight": 0}"""), 400, "invalid_value");
    }

    [Fact]
    public async Task Trail_OfAKeysLife_SaysAllOfIt()
    {
        await Gateway.MakeAsync("keys", """{"name": "followed"}""");
        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Patch, "keys/followed", """{"budget_usd": 5}"""));
        Expect.Ok(await Gateway.AdminAsync("keys/followed/rotate", "{}"));
        Expect.Ok(await Gateway.AdminAsync(HttpMethod.Delete, "keys/followed"));

        JsonNode[] lines = [.. (await Gateway.AdminAsync("audit?limit=1000")).Json["data"]!.AsArray().Where(line => line!["subject"]!.ToString() == "key followed").Select(line => line!)];

        Assert.Equal(["revoke", "rotate", "change", "create"], lines.Select(line => line["action"]!.ToString()));
        Assert.Equal((0, 5), ((int)lines[2]["before"]!["budget_usd"]!, (int)lines[2]["after"]!["budget_usd"]!));
        Assert.Null(lines[3]["before"]);
    }

    [Fact]
    public async Task Explain_ForAKeyOfTheDatabase_GoesByItsRights()
    {
        await Gateway.MakeAsync("keys", """{"name": "explained", "allowed_models": ["alpha"]}""");

        Reply reply = await Gateway.AdminAsync("explain", """{"model": "beta", "key": "explained"}""");

        Expect.Ok(reply);
        Assert.Equal("model_not_allowed", reply.Json["refusal"]!["code"]!.ToString());
    }

    private Task<Reply> CallAsync(string key, string model = "alpha") => Gateway.Client.ChatAsync(model, ("x-api-key", key));

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new GatewaySettings
        {
            Config = Config(new
            {
                Auth = new { UnknownKeysPerMinute = 0 },
                Keys = new object[] { new { Name = "configured", Key = FromConfig } },
                Workspaces = new object[] { new { Name = "house" } },
                Llms = new object[]
                {
                    new { Name = "beta", Provider = "custom", Model = "beta-model", Other.BaseUrl, Priority = 1 },
                    new { Name = "alpha", Provider = "custom", Model = "alpha-model", Upstream.BaseUrl, Local = true },
                },
                Chains = new { both = new[] { "alpha", "beta" } },
            }),
        }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key);
    }
}
