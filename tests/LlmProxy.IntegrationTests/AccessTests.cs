using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Who may call: configured keys in three header forms, for the models they are allowed, until they expire.</summary>
public sealed class KeyTests(KeyTests.Fixture fixture) : IClassFixture<KeyTests.Fixture>
{
    private const string Narrow = "sk-narrow-caller-0123456789";
    private const string Wide = "sk-wide-caller-0123456789";
    private const string ByAlias = "sk-alias-caller-0123456789";
    private const string First = "sk-first-caller-0123456789";
    private const string House = "sk-house-caller-0123456789";
    private const string Old = "sk-old-caller-0123456789";

    public static TheoryData<string, string> Forms => new()
    {
        { "Authorization", "Bearer " + Wide },
        { "Authorization", "bearer " + Wide },
        { "x-api-key", Wide },
        { "api-key", Wide },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Key_InAnyOfItsForms_IsServedAndStaysHere(string header, string value)
    {
        Reply reply = await fixture.Client.ChatAsync("alpha", (header, value));

        Expect.Ok(reply);
        Assert.All(fixture.Upstream.All, call => Assert.DoesNotContain(call.Headers, h => h.Value.Contains(Wide, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Authorization", "Bearer sk-nobody-0123456789")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Basic c2std2lkZTo=")]
    [InlineData("x-api-key", "sk-wide-caller-012345678")]
    [InlineData("x-api-key", "sk-wide-caller-01234567890")]
    [InlineData("api-key", "*")]
    [InlineData("x-nothing", "x")]
    public async Task Key_ThatIsNotOne_Is401(string header, string value)
    {
        int before = fixture.Upstream.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync("alpha", (header, value));

        string message = Expect.Error(reply, 401, "invalid_api_key");
        Assert.DoesNotContain("0123456789", message, StringComparison.Ordinal);
        Assert.Equal(before, fixture.Upstream.Calls.Count);
    }

    [Fact]
    public async Task Key_Of10Kilobytes_Is401()
    {
        Expect.Error(await fixture.Client.ChatAsync("alpha", ("x-api-key", new string('k', 10_240))), 401, "invalid_api_key");
    }

    [Fact]
    public async Task Key_OfAnotherScript_IsRefusedWithoutTrouble()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("alpha"), ("x-api-key", "ключ-🔑"));

        Assert.InRange((await client.ReadAnswerAsync()).Status, 400, 401);
    }

    [Fact]
    public async Task Key_ThatHasExpired_Is401SayingSo()
    {
        Expect.Error(await fixture.Client.ChatAsync("alpha", ("x-api-key", Old)), 401, "key_expired");
    }

    [Theory]
    [InlineData("alpha", true)]
    [InlineData("alpha-model", true)]
    [InlineData("beta", false)]
    [InlineData("beta-model", false)]
    [InlineData("custom/beta-model", false)]
    [InlineData("both", false)]
    public async Task Key_ForSomeModels_IsRefusedTheOthers(string model, bool allowed)
    {
        Reply reply = await fixture.Client.ChatAsync(model, ("x-api-key", Narrow));

        if (allowed)
        {
            Expect.Ok(reply);
            return;
        }

        Expect.Error(reply, 403, "model_not_allowed");
        Assert.DoesNotContain(fixture.Other.Calls, c => c.Header("x-narrow") is not null);
    }

    [Fact]
    public async Task Key_ForAnAlias_MayCallThatAloneByItsName()
    {
        Expect.Ok(await fixture.Client.ChatAsync("nick", ("x-api-key", ByAlias)));
        Expect.Error(await fixture.Client.ChatAsync("beta", ("x-api-key", ByAlias)), 403, "model_not_allowed");
    }

    [Fact]
    public async Task Key_ForTheFirstOnly_DoesNotReachItsFallback()
    {
        int before = fixture.Other.Calls.Count;
        fixture.Upstream.On("leaning-model", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.ChatAsync("leaning", ("x-api-key", First));

        Assert.InRange(reply.Status, 500, 599);
        Assert.Equal(before, fixture.Other.Calls.Count);
        Assert.Equal("beta", (await fixture.Client.ChatAsync("leaning", ("x-api-key", Wide))).Header("x-llm-model"));
    }

    [Theory]
    [InlineData("beta")]
    [InlineData("both")]
    public async Task Key_ThatStaysInTheHouse_IsRefusedExternalLlms(string model)
    {
        int before = fixture.Other.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync(model, ("x-api-key", House));

        Expect.Error(reply, 403, "external_not_allowed");
        Assert.Equal(before, fixture.Other.Calls.Count);
    }

    [Fact]
    public async Task Key_ThatStaysInTheHouse_IsServedByLocalLlms()
    {
        Expect.Ok(await fixture.Client.ChatAsync("cellar", ("x-api-key", House)));
        Assert.Equal("cellar", (await fixture.Client.ChatAsync("auto", ("x-api-key", House))).Header("x-llm-model"));
    }

    [Fact]
    public async Task Models_ForANarrowKey_AreThoseItMayCall()
    {
        Reply narrow = await fixture.Client.FetchAsync("/v1/models", ("x-api-key", Narrow));
        Reply wide = await fixture.Client.FetchAsync("/v1/models", ("x-api-key", Wide));

        Assert.DoesNotContain(narrow.Json["data"]!.AsArray(), m => m!["id"]!.ToString() is "beta" or "both");
        Assert.Contains(narrow.Json["data"]!.AsArray(), m => m!["id"]!.ToString() == "alpha");
        Assert.Contains(wide.Json["data"]!.AsArray(), m => m!["id"]!.ToString() == "beta");
    }

    [Fact]
    public async Task Auto_ForANarrowKey_ChoosesAmongItsOwn()
    {
        Reply reply = await fixture.Client.ChatAsync("auto", ("x-api-key", Narrow));

        Expect.Ok(reply);
        Assert.Equal("alpha", reply.Header("x-llm-model"));
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/health/providers")]
    public async Task Door_WithoutAKey_IsClosed(string path)
    {
        Expect.Error(await fixture.Client.FetchAsync(path), 401, "invalid_api_key");
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Probe_WithoutAKey_IsOpen(string path)
    {
        Assert.Equal(200, (await fixture.Client.FetchAsync(path)).Status);
    }

    [Fact]
    public async Task Refusal_BeforeTheBodyIsRead_DoesNotHang()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.SendAsync(client.Head("POST", "/v1/chat/completions", 1_000_000));

        Expect.Error(await client.ReadAnswerAsync(TimeSpan.FromSeconds(5)), 401, "invalid_api_key");
    }

    [Fact]
    public async Task ForeignHostAndProxyHeaders_WithAKey_AreServed()
    {
        Reply reply = await fixture.Client.ChatAsync("alpha", ("x-api-key", Wide), ("Host", "llm.example.com"), ("Origin", "https://app.example.com"), ("X-Forwarded-For", "10.0.0.1"));

        Expect.Ok(reply);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Environment = new Dictionary<string, string> { ["WIDE_KEY"] = Wide },
            Config = Config(new
            {
                Keys = new object[]
                {
                    new { Name = "narrow", Key = Narrow, AllowedModels = new[] { "alpha" } },
                    new { Name = "wide", Key = "env:WIDE_KEY" },
                    new { Name = "by-alias", Key = ByAlias, AllowedModels = new[] { "nick" } },
                    new { Name = "first", Key = First, AllowedModels = new[] { "leaning" } },
                    new { Name = "house", Key = House, AllowExternal = false },
                    new { Name = "old", Key = Old, ExpiresAt = "2020-01-01T00:00:00Z" },
                },
                Llms = new object[]
                {
                    new { Name = "beta", Provider = "custom", Model = "beta-model", Other.BaseUrl, IsDefault = true, Priority = 1, Headers = new Dictionary<string, string> { ["x-beta"] = "1" } },
                    new { Name = "alpha", Provider = "custom", Model = "alpha-model", Upstream.BaseUrl },
                    new { Name = "leaning", Provider = "custom", Model = "leaning-model", Upstream.BaseUrl, Fallbacks = new[] { "beta" } },
                    new { Name = "cellar", Provider = "custom", Model = "cellar-model", Upstream.BaseUrl, Local = true },
                },
                Chains = new { both = new[] { "alpha", "beta" } },
                Aliases = new { nick = "alpha" },
            }),
        };
    }
}

/// <summary>Without keys the gateway serves its own machine alone, and no browser or proxy that speaks for another.</summary>
public sealed class OpenModeTests(OpenModeTests.Fixture fixture) : IClassFixture<OpenModeTests.Fixture>
{
    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Host_OfThisMachine_IsServed(string host)
    {
        int port = fixture.Client.BaseAddress!.Port;

        Expect.Ok(await fixture.Client.ChatAsync("up", ("Host", $"{host}:{port}")));
        Expect.Ok(await fixture.Client.ChatAsync("up", ("Host", host)));
    }

    [Theory]
    [InlineData("Host", "evil.example.com")]
    [InlineData("Host", "127.0.0.1.evil.example.com")]
    [InlineData("Origin", "https://evil.example.com")]
    [InlineData("Origin", "null")]
    [InlineData("Forwarded", "for=10.0.0.1")]
    [InlineData("X-Forwarded-For", "10.0.0.1")]
    [InlineData("X-Forwarded-Host", "evil.example.com")]
    [InlineData("X-Forwarded-Proto", "https")]
    public async Task Request_FromElsewhere_Is403(string header, string value)
    {
        int before = fixture.Upstream.Calls.Count;

        Reply reply = await fixture.Client.ChatAsync("up", (header, value));

        Assert.True(reply.Status == 403, reply.ToString());
        JsonNode error = reply.Json["error"]!;
        Assert.Equal("permission_error", error["type"]!.ToString());
        Assert.Matches("Auth", error["message"]!.ToString());
        Assert.Equal(before, fixture.Upstream.Calls.Count);
    }

    [Fact]
    public async Task Origin_OfThisMachine_IsServed()
    {
        Expect.Ok(await fixture.Client.ChatAsync("up", ("Origin", fixture.Gateway.BaseUrl)));
    }

    [Fact]
    public async Task Body_AFormCouldSend_IsNotRead()
    {
        // A page can post text/plain anywhere without asking; JSON it cannot.
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", System.Text.Encoding.UTF8.GetBytes(GatewayCalls.ChatBody("up")), "text/plain");

        Expect.Error(reply, 415, "unsupported_media_type");
    }

    [Fact]
    public async Task Key_ThatNobodyAsksFor_IsIgnored()
    {
        Expect.Ok(await fixture.Client.ChatAsync("up", ("Authorization", "Bearer anything")));
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new { Llms = new object[] { new { Name = "up", Provider = "custom", Model = "m", Upstream.BaseUrl } } }),
        };
    }
}

/// <summary>On an address that others can reach, a key or a written word is needed.</summary>
public sealed class NonLoopbackTests
{
    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://[::]:0")]
    public async Task Start_WithoutKeys_IsRefusedSayingWhatToSet(string urls)
    {
        EndedGateway ended = await GatewayProcess.RunToExitAsync(new GatewaySettings { Urls = urls });

        Assert.Equal(1, ended.ExitCode);
        Assert.Matches("(?i)Auth(:|__|\\.)Mode", ended.Log);
        Assert.Contains("LLMPROXY_API_KEY", ended.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithModeOpenWritten_Serves()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Urls = "http://0.0.0.0:0" }.With("LlmProxy__Auth__Mode", "open").With("LLM_BACKEND", "dummy"));

        Expect.Ok(await gateway.Client.ChatAsync("auto"));
    }

    [Fact]
    public async Task Start_WithAKeyInTheEnvironment_ServesThoseWhoHaveIt()
    {
        GatewaySettings settings = new GatewaySettings { Urls = "http://0.0.0.0:0" }.With("LLMPROXY_API_KEY", "sk-the-one-key-0123456789").With("LLM_BACKEND", "dummy");
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings);

        Expect.Error(await gateway.Client.ChatAsync("auto"), 401, "invalid_api_key");
        Expect.Ok(await gateway.Client.ChatAsync("auto", ("Authorization", "Bearer sk-the-one-key-0123456789")));
        Assert.DoesNotContain("sk-the-one-key-0123456789", gateway.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dummy_ThatNobodyNamed_DoesNotAnswerStrangers()
    {
        await using GatewayProcess gateway = await GatewayProcess.LaunchAsync(new GatewaySettings { Urls = "http://0.0.0.0:0" }.With("LlmProxy__Auth__Mode", "open"));

        Expect.Error(await gateway.Client.ChatAsync("auto"), 503, "no_healthy_provider");
    }
}
