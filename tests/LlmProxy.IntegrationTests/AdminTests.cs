using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The operators' door: who gets in, what is shown, what is tried out; never a secret.</summary>
public sealed class AdminTests(AdminTests.Fixture fixture) : IClassFixture<AdminTests.Fixture>
{
    private const string Secret = "sk-vendor-secret-0123456789abcdef";
    private const string CallersKey = "sk-caller-0123456789";

    public static TheoryData<string, string> Doors => new()
    {
        { "GET", "default" }, { "POST", "default" }, { "GET", "llms" }, { "GET", "llms/first" }, { "POST", "llms/first/test" },
        { "GET", "providers/health" }, { "GET", "audit" }, { "POST", "explain" }, { "DELETE", "llms/first" }, { "GET", "no-such-thing" },
        { "GET", "usage" }, { "GET", "usage/models" }, { "GET", "workspaces/default/costs" }, { "GET", "costs/daily" }, { "GET", "requests" },
    };

    [Theory]
    [MemberData(nameof(Doors))]
    public async Task Door_WithoutTheAdminKey_StaysShut(string method, string path)
    {
        Expect.Error(await AskAsync(method, path, null), 401, "invalid_api_key");
        Expect.Error(await AskAsync(method, path, "sk-nobody"), 401, "invalid_api_key");
        string message = Expect.Error(await AskAsync(method, path, CallersKey), 403, "admin_only");
        Assert.Contains("LLMPROXY_ADMIN_KEY", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Authorization", "Bearer " + AdminCalls.Key)]
    [InlineData("x-api-key", AdminCalls.Key)]
    public async Task Door_WithTheAdminKey_Opens(string header, string value) =>
        Expect.Ok(await fixture.Client.FetchAsync("/admin/api/llms", (header, value)));

    [Theory]
    [InlineData("GET", "no-such-thing")]
    [InlineData("DELETE", "llms/first")]
    [InlineData("POST", "llms")]
    [InlineData("POST", "llms/first/no-such-thing")]
    public async Task Route_ThatIsNotThere_IsRefusedInShape(string method, string path) =>
        Expect.Error(await AskAsync(method, path, AdminCalls.Key), 404, "unsupported_endpoint");

    [Fact]
    public async Task Llms_AreAllShown_WithoutTheirSecrets()
    {
        Reply reply = await fixture.Gateway.AdminAsync("llms");

        Expect.Ok(reply);
        Assert.DoesNotContain("0123456789", reply.Text, StringComparison.Ordinal);
        Assert.Equal(["first", "second", "off", "embedder", "keyless", "openai-all", "team"], reply.Json["data"]!.AsArray().Select(llm => llm!["id"]!.ToString()));
        JsonNode first = reply.Json["data"]![0]!;
        Assert.Equal("file", first["source"]!.ToString());
        Assert.Equal("env:FIRST_KEY", first["auth_meta"]!["api_key"]!["from"]!.ToString());
        Assert.Equal("***", first["auth_meta"]!["api_key"]!["value"]!.ToString());
        Assert.Equal("***", first["headers"]!["x-team-token"]!.ToString());
        Assert.Equal(0.3, first["config"]!["temperature"]!.GetValue<double>());
        Assert.True(first["read_only"]!.GetValue<bool>());
        JsonNode keyless = reply.Json["data"]![4]!;
        Assert.Contains("NO_SUCH_KEY", keyless["auth_meta"]!["missing"]![0]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("provider=openai", "openai-all")]
    [InlineData("enabled=false", "off")]
    [InlineData("scope=team-a", "team")]
    [InlineData("q=MODEL-S", "second")]
    [InlineData("q=nothing-like-it", "")]
    public async Task Llms_Filtered_AreThese(string query, string expected)
    {
        Reply reply = await fixture.Gateway.AdminAsync("llms?" + query);

        Expect.Ok(reply);
        Assert.Equal(expected, string.Join(',', reply.Json["data"]!.AsArray().Select(llm => llm!["name"]!.ToString())));
    }

    [Theory]
    [InlineData("llms?enabled=perhaps")]
    [InlineData("llms?colour=red")]
    [InlineData("audit?limit=0")]
    [InlineData("audit?limit=many")]
    [InlineData("audit?cursor=x")]
    [InlineData("audit?from=yesterday")]
    public async Task Query_ThatMeansNothing_IsRefused(string query) => Expect.Error(await fixture.Gateway.AdminAsync(query), 400, "invalid_value");

    [Fact]
    public async Task Llm_ByItsName_IsShownOrNamedNearOnes()
    {
        Reply one = await fixture.Gateway.AdminAsync("llms/SECOND");
        Expect.Ok(one);
        Assert.Equal("model-second", one.Json["model_name"]!.ToString());

        Assert.Contains("\"second\"", Expect.Error(await fixture.Gateway.AdminAsync("llms/secnd"), 404, "not_found"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"llm\": \"secnd\"}", 400, "invalid_value", "second")]
    [InlineData("{\"llm\": \"off\"}", 400, "invalid_value", "disabled")]
    [InlineData("{\"llm\": \"openai-all\"}", 400, "invalid_value", "any model")]
    [InlineData("{\"llm\": \"team\"}", 400, "invalid_value", "team-a")]
    [InlineData("{\"llm\": 5}", 400, "invalid_value", "text")]
    [InlineData("{\"llm\": \"\"}", 400, "invalid_value", "empty")]
    [InlineData("{\"provider\": \"mistral\"}", 400, "invalid_value", "custom")]
    [InlineData("{\"provider\": \"no-such\"}", 400, "invalid_value", "no-such")]
    [InlineData("{\"llm\": \"first\", \"provider\": \"custom\"}", 400, "missing_field", "one of the two")]
    [InlineData("{}", 400, "missing_field", "one of the two")]
    [InlineData("{\"lm\": \"first\"}", 400, "invalid_value", "llm")]
    [InlineData("{\"llm\": \"first\", \"llm\": \"second\"}", 400, "invalid_json", "twice")]
    [InlineData("[]", 400, "invalid_json", "object")]
    [InlineData("{", 400, "invalid_json", "JSON")]
    [InlineData("", 400, "invalid_json", "JSON")]
    public async Task Switch_ToWhatCannotBe_IsRefusedAndChangesNothing(string body, int status, string code, string said)
    {
        Assert.Contains(said, Expect.Error(await fixture.Gateway.AdminAsync("default", body), status, code), StringComparison.Ordinal);
        Assert.Equal("first by configuration", await fixture.Gateway.DefaultOfAsync());
    }

    [Fact]
    public async Task Body_LargerThanAnyOperatorsNeed_IsRefused() =>
        Expect.Error(await fixture.Gateway.AdminAsync("default", $"{{\"llm\": \"{new string('x', 70_000)}\"}}"), 413, "body_too_large");

    [Fact]
    public async Task Body_OfAnotherType_IsRefused() =>
        Expect.Error(await fixture.Client.PostAsync("/admin/api/default", "{}"u8.ToArray(), "text/plain", ("x-api-key", AdminCalls.Key)), 415, "unsupported_media_type");

    [Fact]
    public async Task Test_OfAnLlm_AsksThatOneAlone()
    {
        int others = fixture.Other.Calls.Count;

        Reply reply = await fixture.Gateway.AdminAsync("llms/first/test", "");

        Expect.Ok(reply);
        Assert.True(reply.Json["ok"]!.GetValue<bool>(), reply.Text);
        Assert.Equal(OpenAiAnswers.Text, reply.Json["reply"]!.ToString());
        Assert.True(reply.Json["latency_ms"]!.GetValue<double>() > 0);
        Assert.True(reply.Json["usage"]!["input_tokens"]!.GetValue<int>() > 0);
        Assert.Equal("Bearer " + Secret, fixture.Upstream.CallsFor("model-first")[^1].Header("Authorization"));
        Assert.Equal(others, fixture.Other.Calls.Count);
    }

    [Fact]
    public async Task Test_OfAnLlmThatFails_SaysWhyAndAsksNoOther()
    {
        fixture.Other.On("model-second", Answers.Error(500, "the vendor is ill"));
        int others = fixture.Upstream.Calls.Count;

        Reply reply = await fixture.Gateway.AdminAsync("llms/second/test", "{}");

        Expect.Ok(reply);
        Assert.False(reply.Json["ok"]!.GetValue<bool>(), reply.Text);
        Assert.Equal("provider_error", reply.Json["error"]!["code"]!.ToString());
        Assert.Contains("the vendor is ill", reply.Json["error"]!["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(others, fixture.Upstream.Calls.Count);
    }

    [Fact]
    public async Task Test_OfAnEmbedder_EmbedsATinyText()
    {
        Reply reply = await fixture.Gateway.AdminAsync("llms/embedder/test", "");

        Expect.Ok(reply);
        Assert.True(reply.Json["ok"]!.GetValue<bool>(), reply.Text);
        Assert.Contains("vector", reply.Json["reply"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_OfAWildcard_WantsToKnowWhichModel()
    {
        Assert.Contains("which one", Expect.Error(await fixture.Gateway.AdminAsync("llms/openai-all/test", ""), 400, "invalid_value"), StringComparison.Ordinal);

        Reply reply = await fixture.Gateway.AdminAsync("llms/openai-all/test", "{\"model\": \"gpt-5-small\"}");

        Assert.True(reply.Json["ok"]!.GetValue<bool>(), reply.Text);
        Assert.Single(fixture.Upstream.CallsFor("gpt-5-small"));
    }

    [Fact]
    public async Task Test_OfADisabledLlm_IsAConflict()
    {
        Reply reply = await fixture.Gateway.AdminAsync("llms/off/test", "");

        Assert.Equal((409, "conflict"), (reply.Status, reply.Json["error"]!["code"]!.ToString()));
    }

    [Fact]
    public async Task Test_OfAnLlmWithoutItsKey_NamesTheVariable()
    {
        Reply reply = await fixture.Gateway.AdminAsync("llms/keyless/test", "");

        Expect.Ok(reply);
        Assert.Contains("NO_SUCH_KEY", reply.Json["error"]!["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_ShowsEachLlmAndTheSumsOfEachProvider()
    {
        Reply reply = await fixture.Gateway.AdminAsync("providers/health");

        Expect.Ok(reply);
        Assert.Equal(6, reply.Json["providers"]!.AsArray().Count);
        Assert.Equal(1, reply.Json["by_provider"]!["openai"]!["llms"]!.GetValue<int>());
        Assert.Equal(5, reply.Json["by_provider"]!["custom"]!["llms"]!.GetValue<int>());
        Assert.Equal(1, reply.Json["by_provider"]!["custom"]!["states"]!["unavailable"]!.GetValue<int>());
    }

    [Fact]
    public async Task Explain_OfAuto_ShowsTheOrderWhoFellAwayAndWhy_AndAsksNobody()
    {
        int before = fixture.Upstream.Calls.Count + fixture.Other.Calls.Count;

        Reply reply = await fixture.Gateway.AdminAsync("explain", """{"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "stream": true}""");

        Expect.Ok(reply);
        Assert.Null(reply.Json["refusal"]);
        Assert.Equal(["first", "second"], reply.Json["route"]!["order"]!.AsArray().Select(name => name!.ToString()));
        Dictionary<string, JsonNode> candidates = reply.Json["route"]!["candidates"]!.AsArray().ToDictionary(c => c!["name"]!.ToString(), c => c!);
        Assert.Null(candidates["first"]["removed"]);
        Assert.Contains("NO_SUCH_KEY", candidates["keyless"]["removed"]!["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("embedder", candidates.Keys);
        Assert.Contains("team", candidates.Keys);
        Assert.Equal(before, fixture.Upstream.Calls.Count + fixture.Other.Calls.Count);
    }

    [Fact]
    public async Task Explain_WithAWish_InTheBodyOrAHeader_IsTheSame()
    {
        Reply body = await fixture.Gateway.AdminAsync("explain", """{"model": "auto", "llm": {"strategy": "cost_optimized"}}""");
        Reply header = await fixture.Client.PostAsync("/admin/api/explain", """{"model": "auto"}""", ("x-api-key", AdminCalls.Key), ("x-llm-strategy", "cost_optimized"));

        Assert.Equal("cost_optimized", body.Json["route"]!["strategy"]!.ToString());
        Assert.Equal(body.Json["route"]!["order"]!.ToJsonString(), header.Json["route"]!["order"]!.ToJsonString());
    }

    [Theory]
    [InlineData("{\"model\": \"second\", \"key\": \"caller\"}", 403, "model_not_allowed")]
    [InlineData("{\"model\": \"frist\"}", 404, "model_not_found")]
    [InlineData("{\"model\": \"team\"}", 404, "model_not_found")]
    [InlineData("{\"model\": \"team\", \"workspace\": \"team-a\"}", 0, "")]
    [InlineData("{\"model\": \"embedder\", \"endpoint\": \"embeddings\"}", 0, "")]
    public async Task Explain_OnSomebodysBehalf_SaysWhatTheyWouldHear(string body, int status, string code)
    {
        Reply reply = await fixture.Gateway.AdminAsync("explain", body);

        Expect.Ok(reply);
        Assert.Equal(status, reply.Json["refusal"]?["status"]!.GetValue<int>() ?? 0);
        Assert.Equal(code, reply.Json["refusal"]?["code"]!.ToString() ?? "");
    }

    [Theory]
    [InlineData("{\"key\": \"calle\"}", "Did you mean \"caller\"")]
    [InlineData("{\"workspace\": \"team-b\"}", "team-a")]
    [InlineData("{\"endpoint\": \"chatt\"}", "chat")]
    [InlineData("{\"key\": \"caller\", \"workspace\": \"team-a\"}", "not both")]
    [InlineData("{\"llm\": {\"strategy\": \"best\"}}", "balanced")]
    public async Task Explain_OfWhatMeansNothing_IsRefused(string body, string said)
    {
        Reply reply = await fixture.Gateway.AdminAsync("explain", body);

        Assert.Contains(said, Expect.Error(reply, 400, "invalid_value"), StringComparison.Ordinal);
    }

    private async Task<Reply> AskAsync(string method, string path, string? key)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), "/admin/api/" + path);
        if (key is not null)
        {
            request.Headers.Add("x-api-key", key);
        }

        if (method == "POST")
        {
            request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        }

        return await fixture.Client.CallAsync(request);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Environment = new Dictionary<string, string> { ["FIRST_KEY"] = Secret, ["LLMPROXY_ADMIN_KEY"] = AdminCalls.Key },
            Config = Config(new
            {
                Auth = new { Mode = "keys" },
                Keys = new[] { new { Name = "caller", Key = CallersKey, AllowedModels = new[] { "first" } } },
                Workspaces = new[] { new { Name = "team-a" } },
                Llms = new object[]
                {
                    new
                    {
                        Name = "first", Provider = "custom", Model = "model-first", BaseUrl = Upstream.BaseUrl, Priority = 10, IsDefault = true, Fallbacks = new[] { "second" },
                        Auth = new { api_key_env = "FIRST_KEY" }, Headers = new Dictionary<string, string> { ["x-team-token"] = Secret }, Config = new { temperature = 0.3 },
                    },
                    new { Name = "second", Provider = "custom", Model = "model-second", BaseUrl = Other.BaseUrl, Priority = 20, Fallbacks = new[] { "first" } },
                    new { Name = "off", Provider = "custom", Model = "model-off", BaseUrl = Other.BaseUrl, Priority = 30, Enabled = false },
                    new { Name = "embedder", Provider = "custom", Model = "model-e", BaseUrl = Upstream.BaseUrl, Priority = 40, Endpoints = new[] { "embeddings" } },
                    new { Name = "keyless", Provider = "custom", Model = "model-k", BaseUrl = Upstream.BaseUrl, Priority = 50, Auth = new { api_key_env = "NO_SUCH_KEY" } },
                    new { Name = "openai-all", Provider = "openai", Model = "*", BaseUrl = Upstream.BaseUrl, Priority = 60, Auth = new { api_key = "file-written-0123456789" } },
                    new { Name = "team", Provider = "custom", Model = "model-t", BaseUrl = Upstream.BaseUrl, Priority = 70, Scope = "team-a" },
                },
            }),
        };
    }
}
