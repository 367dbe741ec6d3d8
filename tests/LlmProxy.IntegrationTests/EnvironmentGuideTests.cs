using LlmProxy.TestKit;
using static LlmProxy.IntegrationTests.EnvironmentCalls;

namespace LlmProxy.IntegrationTests;

/// <summary>The .env files that teams already have start the right LLMs, whichever guide they were written by.</summary>
public sealed class EnvironmentGuideTests : IAsyncLifetime
{
    private ScriptedUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task InternalLlm_IsTheLocalDefaultWithItsSettings()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            LLM_BACKEND=internal
            INTERNAL_LLM_API_BASE={_upstream.BaseUrl}
            INTERNAL_LLM_API_KEY=not-needed
            INTERNAL_LLM_TIMEOUT=60
            """);

        Reply reply = await gateway.Client.ChatAsync("auto");

        Expect.Ok(reply);
        Assert.Equal("internal", reply.Header("x-llm-model"));
        UpstreamCall call = Assert.Single(_upstream.CallsFor("llama2-70b-chat"));
        Assert.Equal("4000", call.Json["max_tokens"]!.ToJsonString());
        Assert.Equal("0.3", call.Json["temperature"]!.ToJsonString());
        Assert.Equal("Bearer not-needed", call.Header("Authorization"));
        Assert.Contains("internal", (await gateway.Client.FetchAsync("/v1/models?local=true")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InternalLlm_SwitchedOff_IsNotThere()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            INTERNAL_LLM_ENABLED=false
            INTERNAL_LLM_API_BASE={_upstream.BaseUrl}
            """);

        Assert.DoesNotContain("internal", await ModelsAsync(gateway));
    }

    [Fact]
    public async Task Backend_ChoosesTheDefault()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            LLM_BACKEND=custom
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_API_BASE={_upstream.BaseUrl}
            OPENAI_MODEL=gpt-4o
            CUSTOM_LLM_URL={_upstream.BaseUrl}/chat/completions
            CUSTOM_LLM_API_KEY=sk-guide-custom
            CUSTOM_LLM_MODEL=house-model
            CUSTOM_LLM_HEADERS={"{\"X-Team\": \"research\"}"}
            CUSTOM_LLM_MAX_TOKENS=77
            """);

        Expect.Ok(await gateway.Client.ChatAsync("auto"));
        Expect.Ok(await gateway.Client.ChatAsync("openai"));

        UpstreamCall call = Assert.Single(_upstream.CallsFor("house-model"));
        Assert.Equal("research", call.Header("X-Team"));
        Assert.Equal("Bearer sk-guide-custom", call.Header("Authorization"));
        Assert.Equal("77", call.Json["max_tokens"]!.ToJsonString());
        Assert.Equal("/v1/chat/completions", call.Path);
        Assert.Single(_upstream.CallsFor("gpt-4o"));
        Assert.DoesNotContain("sk-guide", gateway.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PrimaryAndSecondaryModel_TheSecondFollowsTheFirst()
    {
        _upstream.On("gpt-4o", Answers.Error(500, "Broken"));
        await using GatewayProcess gateway = await StartAsync($"""
            PRIMARY_MODEL=gpt-4o
            SECONDARY_MODEL=gpt-4o-mini
            LLM_API_KEY=sk-guide-both
            LLM_API_BASE={_upstream.BaseUrl}
            FALLBACK_RETRY_ATTEMPTS=0
            """);

        Reply reply = await gateway.Client.ChatAsync("auto");

        Expect.Ok(reply);
        Assert.Equal("gpt-4o-mini", reply.Json["model"]!.ToString());
        Assert.Equal("Bearer sk-guide-both", Assert.Single(_upstream.CallsFor("gpt-4o-mini")).Header("Authorization"));
        Assert.Single(_upstream.CallsFor("gpt-4o"));
        Assert.NotNull(reply.Header("x-llm-fallback"));
    }

    [Fact]
    public async Task PrimaryProvider_Fallback_IsPrimaryThenSecondary()
    {
        _upstream.On("gpt-4o", Answers.Error(503, "Broken"));
        await using GatewayProcess gateway = await StartAsync($"""
            PRIMARY_LLM_PROVIDER=openai
            PRIMARY_MODEL=gpt-4o
            SECONDARY_MODEL=gpt-4o-mini
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_BASE_URL={_upstream.BaseUrl}
            LLM_ENABLE_RETRY=false
            AUTO_FALLBACK_ENABLED=true
            """);

        Reply reply = await gateway.Client.ChatAsync("auto");

        Expect.Ok(reply);
        Assert.Equal("gpt-4o-mini", reply.Json["model"]!.ToString());
    }

    [Fact]
    public async Task FallbackSwitchedOff_TheFirstFailureIsTheAnswer()
    {
        _upstream.On("gpt-4o", Answers.Error(503, "Broken"));
        await using GatewayProcess gateway = await StartAsync($"""
            PRIMARY_LLM_PROVIDER=openai
            PRIMARY_MODEL=gpt-4o
            SECONDARY_MODEL=gpt-4o-mini
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_BASE_URL={_upstream.BaseUrl}
            LLM_MAX_RETRIES=0
            LLM_ENABLE_FALLBACK=false
            """);

        Expect.Error(await gateway.Client.ChatAsync("auto"), 502, "provider_error");
        Assert.Empty(_upstream.CallsFor("gpt-4o-mini"));
    }

    [Fact]
    public async Task PrimaryModel_WithoutAnAddress_GoesToItsVendorDirectly()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            PRIMARY_MODEL=openai/gpt-4o
            SECONDARY_MODEL=gpt-4o-mini
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_API_BASE={_upstream.BaseUrl}
            """);

        Expect.Ok(await gateway.Client.ChatAsync("auto"));

        Assert.Equal("Bearer sk-guide-openai", Assert.Single(_upstream.CallsFor("gpt-4o")).Header("Authorization"));
    }

    [Fact]
    public async Task GeneralKeyAndAddress_ServeTheChosenProvider()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            LLM_BACKEND=openai
            LLM_API_KEY=sk-guide-general
            LLM_API_BASE={_upstream.BaseUrl}
            PRIMARY_MODEL=gpt-4o
            """);

        Expect.Ok(await gateway.Client.ChatAsync("auto"));

        Assert.Equal("Bearer sk-guide-general", Assert.Single(_upstream.CallsFor("gpt-4o")).Header("Authorization"));
    }

    [Theory]
    [InlineData("AUTO_FALLBACK_ENABLED=true", true)]
    [InlineData("LLM_ENABLE_FALLBACK=true", true)]
    [InlineData("# nothing written", false)]
    public async Task LocalDefault_Fails_OnlyAWrittenVariableLetsItLeaveTheHouse(string line, bool leaves)
    {
        await using ScriptedUpstream outside = await ScriptedUpstream.StartAsync();
        _upstream.Otherwise(Answers.Error(500, "Broken"));
        await using GatewayProcess gateway = await StartAsync($"""
            LLM_BACKEND=internal
            INTERNAL_LLM_API_BASE={_upstream.BaseUrl}
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_API_BASE={outside.BaseUrl}
            LLM_MAX_RETRIES=0
            {line}
            """);

        Reply reply = await gateway.Client.ChatAsync("auto");

        Assert.NotEmpty(_upstream.Calls);
        Assert.Equal(leaves ? 200 : 502, reply.Status);
        Assert.Equal(leaves, outside.Calls.Count > 0);
        string handover = await gateway.Logs.WaitForAsync("handover");
        Assert.Equal(leaves, handover.Contains("openai", StringComparison.Ordinal));
    }

    [Fact]
    public async Task DatabaseConfigured_TheDummyNobodyNamedDoesNotAnswer()
    {
        await using GatewayProcess gateway = await GatewayProcess.LaunchAsync(new GatewaySettings
        {
            DotEnv = """
                DATABASE_URL=postgresql+psycopg://gateway:pass-of-the-guide@127.0.0.1:9/llm
                REDIS_URL=redis://:other-pass-of-the-guide@127.0.0.1:9/0
                """,
        });

        Expect.Error(await gateway.Client.ChatAsync("auto"), 503, "no_healthy_provider");
        Assert.DoesNotContain("pass-of-the-guide", gateway.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StrategyVariables_AreTakenAndServed()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            LLM_ROUTING_STRATEGY=priority
            LLM_PREFER_LOCAL=true
            LLM_MAX_LATENCY_MS=60000
            LLM_ENABLE_CACHING=false
            LLM_CACHE_SIZE=500
            LLM_RATE_LIMIT_RPM=6000
            LLM_CONCURRENT_NUMBER=8
            LLM_MAX_RETRIES=1
            OPENAI_API_KEY=sk-guide-openai
            OPENAI_API_BASE={_upstream.BaseUrl}
            OPENAI_MODEL=gpt-4o
            """);

        Expect.Ok(await gateway.Client.ChatAsync("auto"));
        Assert.Single(_upstream.CallsFor("gpt-4o"));
    }

    [Fact]
    public async Task DatabaseGuidesNames_MakeTheirLlms()
    {
        await using GatewayProcess gateway = await StartAsync($"""
            LLM_DEFAULT_PROVIDER=mistral
            MISTRAL_API_KEY=sk-guide-mistral
            MISTRAL_MODEL=mistral-small-latest
            MISTRAL_API_BASE={_upstream.BaseUrl}
            TOGETHER_API_KEY=sk-guide-together
            TOGETHER_MODEL=meta-llama/Llama-3-70b
            TOGETHER_API_BASE={_upstream.BaseUrl}
            FIREWORKS_API_KEY=sk-guide-fireworks
            FIREWORKS_MODEL=accounts/fireworks/models/llama
            FIREWORKS_API_BASE={_upstream.BaseUrl}
            AZURE_OPENAI_API_KEY=azure-guide-key
            AZURE_OPENAI_API_BASE={_upstream.Address}
            AZURE_OPENAI_DEPLOYMENT_NAME=our-gpt
            AZURE_OPENAI_API_VERSION=2024-10-21
            """);

        Reply byDefault = await gateway.Client.ChatAsync("auto");
        foreach (string name in (string[])["together", "fireworks", "azure"])
        {
            Expect.Ok(await gateway.Client.ChatAsync(name));
        }

        Expect.Ok(byDefault);
        Assert.Equal("mistral", byDefault.Header("x-llm-model"));
        Assert.Single(_upstream.CallsFor("mistral-small-latest"));
        Assert.Single(_upstream.CallsFor("meta-llama/Llama-3-70b"));
        Assert.Single(_upstream.CallsFor("accounts/fireworks/models/llama"));
        UpstreamCall azure = Assert.Single(_upstream.Calls, c => c.Path == "/openai/deployments/our-gpt/chat/completions");
        Assert.Equal("?api-version=2024-10-21", azure.Query);
        Assert.Equal("azure-guide-key", azure.Header("api-key"));
        Assert.Null(azure.Header("Authorization"));
    }

    [Theory]
    [InlineData("anthropic", "ANTHROPIC_API_KEY=sk-ant-guide\nANTHROPIC_API_BASE=ADDRESS", "/v1/messages")]
    [InlineData("ollama", "OLLAMA_URL=ADDRESS\nOLLAMA_MODEL=llama3.2", "/api/chat")]
    [InlineData("gemini", "GEMINI_API_KEY=guide-gemini\nGEMINI_API_BASE=ADDRESS/v1beta", "/v1beta/models/gemini-2.5-flash:generateContent")]
    [InlineData("bedrock", "BEDROCK_MODEL=anthropic.claude-3\nAWS_REGION=eu-central-1\nAWS_BEARER_TOKEN_BEDROCK=guide-bedrock\nBEDROCK_API_BASE=ADDRESS", "/model/anthropic.claude-3/converse")]
    public async Task VendorOfItsOwnDialect_NeedsNothingButItsVariables(string name, string variables, string path)
    {
        await using GatewayProcess gateway = await StartAsync(variables.Replace("ADDRESS", _upstream.Address, StringComparison.Ordinal));

        // The upstream speaks OpenAI's dialect alone: what counts here is that and where it was asked.
        Reply reply = await gateway.Client.ChatAsync(name);

        Assert.Equal(name, reply.Header("x-llm-provider"));
        Assert.Contains(_upstream.Calls, call => call.Path == path);
    }

    [Fact]
    public async Task UnknownBackend_IsAWarningAndTheDummy()
    {
        await using GatewayProcess gateway = await StartAsync("LLM_BACKEND=llamafile-of-yesterday");

        Reply reply = await gateway.Client.ChatAsync("auto");

        Expect.Ok(reply);
        Assert.Equal("dummy", reply.Header("x-llm-provider"));
        await gateway.Logs.WaitForAsync("llamafile-of-yesterday");
    }
}
