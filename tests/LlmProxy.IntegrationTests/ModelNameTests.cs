using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>With nothing but a key and an address, every model of the vendor is reached under its own name.</summary>
public sealed class ModelNameWithOnlyAKeyTests(ModelNameWithOnlyAKeyTests.Fixture fixture) : IClassFixture<ModelNameWithOnlyAKeyTests.Fixture>
{
    [Theory]
    [InlineData("gpt-4", "gpt-4")]
    [InlineData("openai/gpt-4o-mini", "gpt-4o-mini")]
    [InlineData("auto", "gpt-3.5-turbo")]
    [InlineData("default", "gpt-3.5-turbo")]
    [InlineData("openai", "gpt-3.5-turbo")]
    [InlineData("gpt-3.5-turbo", "gpt-3.5-turbo")]
    public async Task Model_AskedFor_ReachesTheVendor(string asked, string sent)
    {
        string mark = $"\"user\":\"{Guid.NewGuid()}\"";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody(asked, mark));

        Expect.Ok(reply);
        UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Text.Contains(mark, StringComparison.Ordinal));
        Assert.Equal(sent, call.Model);
        Assert.Equal("/v1/chat/completions", call.Path);
        Assert.Equal("Bearer sk-only-key", call.Header("Authorization"));
        Assert.Equal("openai", reply.Header("x-llm-provider"));
        Assert.Equal(sent, reply.Json["model"]?.ToString());
    }

    [Fact]
    public async Task Model_Absent_IsAuto()
    {
        const string mark = "no model named";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"{{mark}}"}]}""");

        Expect.Ok(reply);
        UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Text.Contains(mark, StringComparison.Ordinal));
        Assert.Equal("gpt-3.5-turbo", call.Model);
    }

    [Fact]
    public async Task Model_NobodyKnows_Is404()
    {
        Reply reply = await fixture.Client.ChatAsync("llama-of-nobody");

        string message = Expect.Error(reply, 404, "model_not_found");
        Assert.Contains("llama-of-nobody", message, StringComparison.Ordinal);
        Assert.Empty(fixture.Upstream.CallsFor("llama-of-nobody"));
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Environment = new Dictionary<string, string> { ["OPENAI_API_KEY"] = "sk-only-key", ["OPENAI_API_BASE"] = Upstream.BaseUrl },
        };
    }
}

/// <summary>The order in which a name finds its LLM: ids, chains, aliases, vendor names, pinned ones, wildcards.</summary>
public sealed class ModelNameTests(ModelNameTests.Fixture fixture) : IClassFixture<ModelNameTests.Fixture>
{
    private const string Slashed = "meta-llama/Llama-3-70b";

    [Theory]
    [InlineData("GPT-Main", "gpt-4o-2024")]
    [InlineData("gpt-main", "gpt-4o-2024")]
    [InlineData("team", Slashed)]
    [InlineData("chain:team", Slashed)]
    [InlineData("CHAIN:Team", Slashed)]
    [InlineData("gpt-4", "gpt-4o-2024")]
    [InlineData("claude-3-opus", Slashed)]
    [InlineData(Slashed, Slashed)]
    [InlineData("META-LLAMA/llama-3-70B", Slashed)]
    [InlineData("openai/gpt-4o-2024", "gpt-4o-2024")]
    [InlineData("together/mistralai/Mixtral-8x7B", "mistralai/Mixtral-8x7B")]
    [InlineData("default", "gpt-4o-2024")]
    [InlineData("auto", "gpt-4o-2024")]
    public async Task Name_Resolves_ToTheVendorsModel(string asked, string sent)
    {
        string mark = $"\"user\":\"{Guid.NewGuid()}\"";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody(asked, mark));

        Expect.Ok(reply);
        UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Text.Contains(mark, StringComparison.Ordinal));
        Assert.Equal(sent, call.Model);
    }

    [Fact]
    public async Task Name_IsLikeAKnownOne_TheRefusalNamesIt()
    {
        Reply reply = await fixture.Client.ChatAsync("gpt-man");

        Assert.Contains("GPT-Main", Expect.Error(reply, 404, "model_not_found"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_OfAChainWithPrefix_DoesNotFindAnLlm()
    {
        Reply reply = await fixture.Client.ChatAsync("chain:gpt-main");

        Expect.Error(reply, 404, "model_not_found");
    }

    [Fact]
    public async Task Llm_Disabled_IsNotFound()
    {
        Reply reply = await fixture.Client.ChatAsync("asleep");

        Assert.InRange(reply.Status, 404, 503);
        Assert.Empty(fixture.Upstream.CallsFor("sleeping-model"));
    }

    [Fact]
    public async Task Models_Listed_HaveOpenAisShapeAndTheFacts()
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/models");

        Expect.Ok(reply);
        Assert.Equal("list", reply.Json["object"]?.ToString());
        JsonObject model = reply.Json["data"]!.AsArray().Select(m => m!.AsObject()).Single(m => m["id"]!.ToString() == "GPT-Main");
        Assert.Equal("model", model["object"]?.ToString());
        Assert.Equal("openai", model["owned_by"]?.ToString());
        Assert.IsAssignableFrom<JsonValue>(model["created"]);
        Assert.IsType<JsonObject>(model["llm"]);
        Assert.DoesNotContain(reply.Json["data"]!.AsArray(), m => m!["id"]!.ToString() == "asleep");
    }

    [Theory]
    [InlineData("GPT-Main")]
    [InlineData(Slashed)]
    [InlineData("meta-llama%2FLlama-3-70b")] // As OpenAI's own SDK for Node sends it.
    public async Task Model_AskedForById_IsShown(string id)
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/models/" + id);

        Expect.Ok(reply);
        Assert.Equal("model", reply.Json["object"]?.ToString());
    }

    [Fact]
    public async Task Model_AskedForByUnknownId_Is404()
    {
        Expect.Error(await fixture.Client.FetchAsync("/v1/models/no/such"), 404, "model_not_found");
    }

    [Theory]
    [InlineData("provider=openai", "GPT-Main")]
    [InlineData("capability=vision", "GPT-Main")]
    [InlineData("local=true", "slashy")]
    public async Task Models_Filtered_OnlyMatchesAreShown(string filter, string only)
    {
        Reply reply = await fixture.Client.FetchAsync("/v1/models?" + filter);

        Expect.Ok(reply);
        Assert.Equal([only], reply.Json["data"]!.AsArray().Select(m => m!["id"]!.ToString()).Where(id => id is "GPT-Main" or "slashy"));
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "GPT-Main", Provider = "openai", Model = "gpt-4o-2024", Upstream.BaseUrl, Auth = new { api_key = "sk-1" }, IsDefault = true, Capabilities = new[] { "vision" } },
                    new { Name = "slashy", Provider = "custom", Model = Slashed, Upstream.BaseUrl, Local = true },
                    new { Name = "any-together", Provider = "together", Model = "*", Upstream.BaseUrl, Auth = new { api_key = "sk-2" } },
                    new { Name = "asleep", Provider = "custom", Model = "sleeping-model", Upstream.BaseUrl, Enabled = false },
                },
                Aliases = new Dictionary<string, string> { ["gpt-4"] = "GPT-Main", ["claude-*"] = "slashy" },
                Chains = new { team = new[] { "slashy", "GPT-Main" } },
            }),
        };
    }
}
