using LlmProxy.TestKit;
using static LlmProxy.IntegrationTests.EnvironmentCalls;

namespace LlmProxy.IntegrationTests;

/// <summary>Files, variables and arguments in every style, and which of them wins.</summary>
public sealed class EnvironmentSourceTests : IAsyncLifetime
{
    private ScriptedUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task DotEnv_FromWindows_IsUnderstood()
    {
        await using GatewayProcess gateway = await StartAsync($"\uFEFFOPENAI_API_KEY=sk-guide-openai\r\nOPENAI_API_BASE={_upstream.BaseUrl}\r\nOPENAI_MODEL=gpt-4o\r\n");

        Expect.Ok(await gateway.Client.ChatAsync("auto"));
        Assert.Equal("Bearer sk-guide-openai", Assert.Single(_upstream.CallsFor("gpt-4o")).Header("Authorization"));
    }

    [Fact]
    public async Task DotEnv_OfEveryStyle_IsUnderstoodAndTheRealEnvironmentWins()
    {
        var settings = new GatewaySettings
        {
            DotEnv = $"""
                # The team's file
                export OPENAI_API_KEY="sk-guide # not a comment"
                OPENAI_API_BASE='{_upstream.BaseUrl}'
                OPENAI_MODEL=from-the-file # a comment
                OPENAI_ORGANIZATION = org-$HOME

                OPENAI_TEMPERATURE=0.5
                """,
        };
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings.With("OPENAI_MODEL", "from-the-environment"));

        Expect.Ok(await gateway.Client.ChatAsync("auto"));

        UpstreamCall call = Assert.Single(_upstream.Calls);
        Assert.Equal("from-the-environment", call.Model);
        Assert.Equal("Bearer sk-guide # not a comment", call.Header("Authorization"));
        Assert.Equal("org-$HOME", call.Header("OpenAI-Organization"));
        Assert.Equal("0.5", call.Json["temperature"]!.ToJsonString());
        Assert.DoesNotContain("sk-guide", gateway.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Synonyms_TheFirstOfTheTableWinsWithAWarning()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_BASE_URL={_upstream.BaseUrl}
            OPENAI_API_BASE=http://127.0.0.1:9/v1
            """);

        Expect.Ok(await gateway.Client.ChatAsync("auto"));
        await gateway.Logs.WaitForAsync(l => l.Contains("OPENAI_API_BASE", StringComparison.Ordinal) && l.Contains("OPENAI_BASE_URL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FileThatNamesAnLlm_SilencesTheShortcutsUnlessAskedFor()
    {
        var named = new { Llms = new object[] { new { Name = "from-file", Provider = "custom", Model = "file-model", _upstream.BaseUrl } } };
        var both = new { named.Llms, EnvironmentLlms = "always" };
        var environment = new Dictionary<string, string> { ["OPENAI_API_KEY"] = "sk-guide-openai", ["OPENAI_API_BASE"] = _upstream.BaseUrl };

        await using GatewayProcess auto = await GatewayProcess.StartAsync(new GatewaySettings { Config = GatewayFixture.Config(named), Environment = environment });
        await using GatewayProcess always = await GatewayProcess.StartAsync(new GatewaySettings { Config = GatewayFixture.Config(both), Environment = environment });

        Assert.DoesNotContain("openai", await ModelsAsync(auto));
        Assert.Contains("openai", await ModelsAsync(always));
        Assert.Contains("from-file", await ModelsAsync(always));
    }

    [Fact]
    public async Task VariablesOfDotNet_ChangeEveryValue()
    {
        var settings = new GatewaySettings
        {
            Environment = new Dictionary<string, string>
            {
                ["LlmProxy__Llms__0__Name"] = "by-variable",
                ["LlmProxy__Llms__0__Provider"] = "custom",
                ["LlmProxy__Llms__0__Model"] = "variable-model",
                ["LlmProxy__Llms__0__BaseUrl"] = _upstream.BaseUrl,
                ["LlmProxy__Limits__MaxBodyBytes"] = "1000",
            },
        };
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings);

        Expect.Ok(await gateway.Client.ChatAsync("by-variable"));
        Expect.Error(await gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("by-variable", text: new string('a', 2000))), 413, "body_too_large");
    }

    [Fact]
    public async Task CommandLine_WinsOverVariablesAndFile()
    {
        object Llm(string model) => new { Name = "main", Provider = "custom", Model = model, _upstream.BaseUrl };
        var settings = new GatewaySettings
        {
            Config = GatewayFixture.Config(new { Llms = new[] { Llm("m") }, Limits = new { MaxBodyBytes = 100_000 } }),
            Arguments = ["--LlmProxy:Limits:MaxBodyBytes=1000"],
        };
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings.With("LlmProxy__Limits__MaxBodyBytes", "50000"));

        Expect.Error(await gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("main", text: new string('a', 2000))), 413, "body_too_large");
        Expect.Ok(await gateway.Client.ChatAsync("main"));
    }

    [Fact]
    public async Task Banner_SaysWhatIsServedAndToWhom()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_API_BASE={_upstream.BaseUrl}
            CUSTOM_LLM_URL={_upstream.BaseUrl}
            CUSTOM_LLM_MODEL=house-model
            """);

        await gateway.Logs.WaitForAsync("house-model");
        string log = gateway.Logs.Text;
        Assert.All(["openai", "custom", "open", gateway.BaseUrl], part => Assert.Contains(part, log, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("default", log, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("sk-guide-openai", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AmbientCloudVariables_MakeNothing()
    {
        await using GatewayProcess gateway = await StartAsync("""
            AWS_REGION=eu-central-1
            AWS_ACCESS_KEY_ID=AKIAAMBIENT
            AWS_SECRET_ACCESS_KEY=ambient-secret
            GOOGLE_CLOUD_PROJECT=ambient-project
            GOOGLE_APPLICATION_CREDENTIALS=/nowhere/key.json
            OPENAI_API_KEY=not_configured
            ANTHROPIC_API_KEY=
            """);

        Reply reply = await gateway.Client.ChatAsync("auto");

        Expect.Ok(reply);
        Assert.Equal("dummy", reply.Header("x-llm-provider"));
        Assert.DoesNotContain(await ModelsAsync(gateway), id => id is "bedrock" or "vertex" or "openai" or "anthropic");
        Assert.DoesNotContain("ambient-secret", gateway.Logs.Text, StringComparison.Ordinal);
    }
}
