using LlmProxy.Configuration.Options;
using LlmProxy.Providers;
using LlmProxy.Routing;
using Microsoft.Extensions.Logging;

namespace LlmProxy.Tests.Configuration.Shortcuts;

/// <summary>The .env files of the systems that this gateway replaces, unchanged.</summary>
public sealed class GuideTests
{
    private static readonly string[] InTableOrder = ["openai", "anthropic", "ollama", "custom"];

    [Fact]
    public void InternalGuide_WithOpenAiLeftAsItWas_ServesTheInternalLlm()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LLM_BACKEND", "internal"),
            ("INTERNAL_LLM_ENABLED", "true"),
            ("INTERNAL_LLM_API_BASE", "http://llm.inside:8000/v1"),
            ("INTERNAL_LLM_API_KEY", "not_configured"),
            ("INTERNAL_LLM_MODEL", "llama2-70b-chat"),
            ("INTERNAL_LLM_MAX_TOKENS", "4000"),
            ("INTERNAL_LLM_TEMPERATURE", "0.3"),
            ("INTERNAL_LLM_TIMEOUT", "60"),
            ("OPENAI_API_KEY", "not_configured"),
            ("OPENAI_MODEL", "gpt-4"),
            ("AUTO_FALLBACK_ENABLED", "true"),
            ("FALLBACK_RETRY_ATTEMPTS", "2")).WithoutMistakes();

        LlmOptions llm = Assert.Single(loaded.Options.Llms);
        Assert.Equal(("internal", "custom", "llama2-70b-chat", "http://llm.inside:8000/v1"), (llm.Name, llm.Provider, llm.Model, llm.BaseUrl));
        Assert.Equal((true, true, 10, 60), (llm.IsDefault, llm.Local, llm.Priority, llm.TimeoutSeconds));
        Assert.Equal("""{"max_tokens":4000,"temperature":0.3}""", llm.Config.ToJsonString());
        Assert.Empty(llm.Auth.Values);
        Assert.Empty(llm.Auth.Missing);
        Assert.True(loaded.Options.Routing.Fallback);
        Assert.Equal(2, loaded.Options.Resilience.MaxRetries);
        Assert.True(loaded.LlmsFromEnvironment);
    }

    [Fact]
    public void InternalGuide_InFallbackMode_PutsTheInternalLlmBehindOpenAi()
    {
        var loaded = OperatorFolder.LoadVariables(("PRIMARY_LLM_PROVIDER", "fallback"), ("OPENAI_API_KEY", "k"), ("INTERNAL_LLM_ENABLED", "true")).WithoutMistakes();

        Assert.Equal(["openai", "openai/*", "internal"], loaded.LlmNames());
        Assert.Equal([10, 11, 20], loaded.Options.Llms.Select(llm => llm.Priority));
        Assert.Equal(["internal"], loaded.Llm("openai").Fallbacks);
        Assert.True(loaded.Llm("openai").IsDefault);
    }

    [Fact]
    public void InternalGuide_InFallbackModeWithAPrimary_StartsAtThatOne()
    {
        var loaded = OperatorFolder.LoadVariables(("LLM_BACKEND", "fallback"), ("PRIMARY_LLM_PROVIDER", "internal"), ("OPENAI_API_KEY", "k")).WithoutMistakes();

        Assert.Equal(["internal", "openai", "openai/*"], loaded.LlmNames());
        Assert.Equal(["openai"], loaded.Llm("internal").Fallbacks);
        loaded.HasNoWarning("PRIMARY_LLM_PROVIDER");
    }

    [Theory]
    [InlineData("openai", "openai", "gpt-4")]
    [InlineData("ollama", "ollama", "llama3.1:8b")]
    [InlineData("Custom", "custom", "my-model")]
    [InlineData("anthropic", "anthropic", "claude-3-5-sonnet-20241022")]
    public void BackendGuide_ChangingOneWord_ChangesTheDefault(string backend, string expected, string model)
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LLM_BACKEND", backend),
            ("OPENAI_API_KEY", "k1"),
            ("OPENAI_MODEL", "gpt-4"),
            ("OPENAI_TEMPERATURE", "0.7"),
            ("OPENAI_MAX_TOKENS", "2000"),
            ("ANTHROPIC_API_KEY", "k2"),
            ("ANTHROPIC_MAX_TOKENS", "4096"),
            ("OLLAMA_URL", "http://localhost:11434"),
            ("OLLAMA_MODEL", "llama3.1:8b"),
            ("CUSTOM_LLM_URL", "http://my-llm:5000/v1/chat/completions"),
            ("CUSTOM_LLM_API_KEY", "k3"),
            ("CUSTOM_LLM_MODEL", "my-model"),
            ("CUSTOM_LLM_HEADERS", """{"X-Team": "blue # 1"}"""),
            ("CUSTOM_LLM_TIMEOUT", "30"),
            ("CUSTOM_LLM_MAX_TOKENS", "500")).WithoutMistakes();

        LlmOptions chosen = Assert.Single(loaded.Options.Llms, llm => llm.IsDefault);
        Assert.Equal((expected, model, 10), (chosen.Name, chosen.Model, chosen.Priority));
        Assert.Equal(
            InTableOrder.Where(name => name != expected),
            loaded.Options.Llms.Where(llm => llm.Priority >= 30 && llm.Model != "*").OrderBy(llm => llm.Priority).Select(llm => llm.Name));
        LlmOptions custom = loaded.Llm("custom");
        Assert.Equal(("http://my-llm:5000/v1/chat/completions", "k3", "blue # 1", 30), (custom.BaseUrl, custom.Auth.Get("api_key"), custom.Headers["x-team"], custom.TimeoutSeconds));
        Assert.Equal("""{"max_tokens":500}""", custom.Config.ToJsonString());
        Assert.Equal("""{"max_tokens":2000,"temperature":0.7}""", loaded.Llm("openai").Config.ToJsonString());
        Assert.Equal("""{"max_tokens":4096}""", loaded.Llm("anthropic").Config.ToJsonString());
        Assert.Equal("{}", loaded.Llm("openai/*").Config.ToJsonString());
        Assert.True(Deployment.StaysInHouse(loaded.Llm("ollama"), ProviderCatalog.All["ollama"].Card));
    }

    [Fact]
    public void LiteLlmNamesGuide_WithAnAddress_AsksItForBothModelsAsWritten()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LLM_API_KEY", "k"),
            ("LLM_API_BASE", "https://api.example.com/v1"),
            ("PRIMARY_MODEL", "Qwen/Qwen3-14B"),
            ("SECONDARY_MODEL", "THUDM/GLM-4-9B"),
            ("LLM_CONCURRENT_NUMBER", "8"),
            ("WISEFLOW_LOG_LEVEL", "INFO")).WithoutMistakes();

        Assert.Equal(["litellm", "litellm/*", "litellm-secondary"], loaded.LlmNames());
        Assert.Equal([10, 11, 20], loaded.Options.Llms.Select(llm => llm.Priority));
        LlmOptions primary = loaded.Llm("litellm");
        LlmOptions secondary = loaded.Llm("litellm-secondary");
        Assert.Equal(("litellm", "Qwen/Qwen3-14B", true), (primary.Provider, primary.Model, primary.IsDefault));
        Assert.Equal(("litellm", "THUDM/GLM-4-9B", false), (secondary.Provider, secondary.Model, secondary.IsDefault));
        Assert.Equal(["litellm-secondary"], primary.Fallbacks);
        Assert.All(loaded.Options.Llms, llm => Assert.Equal(("https://api.example.com/v1", "k"), (llm.BaseUrl, llm.Auth.Get("api_key"))));
        Assert.Equal((8, 60), (loaded.Options.Limits.MaxParallel, loaded.Options.Limits.QueueSeconds));
        Assert.Equal(LogLevel.Information, loaded.LogLevel);
    }

    [Theory]
    [InlineData("gpt-4o", "openai", "gpt-4o")]
    [InlineData("openai/gpt-4o", "openai", "gpt-4o")]
    [InlineData("anthropic/claude-3-5-sonnet", "anthropic", "claude-3-5-sonnet")]
    [InlineData("gemini/gemini-2.0-flash", "gemini", "gemini-2.0-flash")]
    [InlineData("together_ai/meta-llama/Llama-3", "together", "meta-llama/Llama-3")]
    [InlineData("mistral/mistral-large", "mistral", "mistral-large")]
    [InlineData("ollama/llama3", "ollama", "llama3")]
    [InlineData("vertex_ai/gemini-pro", "vertex", "gemini-pro")]
    public void LiteLlmNamesGuide_WithoutAnAddress_GoesToTheVendorInTheName(string written, string provider, string model)
    {
        var loaded = OperatorFolder.LoadVariables(("PRIMARY_MODEL", written), ("LLM_API_KEY", "k")).WithoutMistakes();

        LlmOptions llm = loaded.Llm("litellm");
        Assert.Equal((provider, model, true, ""), (llm.Provider, llm.Model, llm.IsDefault, llm.BaseUrl));
        Assert.Equal(provider is "ollama" or "vertex" ? null : "k", llm.Auth.Get("api_key"));
        Assert.Empty(llm.Auth.Missing);
    }

    [Fact]
    public void LiteLlmNamesGuide_WithTheVendorsOwnKeys_TakesThose()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("PRIMARY_MODEL", "anthropic/claude-3-5-sonnet"), ("SECONDARY_MODEL", "gpt-4o"), ("ANTHROPIC_API_KEY", "a"), ("OPENAI_API_KEY", "o"), ("OPENAI_MODEL", "gpt-4")).WithoutMistakes();

        Assert.Equal(["litellm", "litellm-secondary", "openai", "openai/*", "anthropic", "anthropic/*"], loaded.LlmNames());
        Assert.Equal(("anthropic", "a"), (loaded.Llm("litellm").Provider, loaded.Llm("litellm").Auth.Get("api_key")));
        Assert.Equal(("openai", "gpt-4o", "o"), (loaded.Llm("litellm-secondary").Provider, loaded.Llm("litellm-secondary").Model, loaded.Llm("litellm-secondary").Auth.Get("api_key")));
        Assert.Equal("gpt-4", loaded.Llm("openai").Model);
        Assert.Empty(loaded.Warnings);
    }

    [Fact]
    public void LiteLlmNamesGuide_WithAVendorNobodyKnows_SaysWhereItGoes()
    {
        var loaded = OperatorFolder.LoadVariables(("PRIMARY_MODEL", "someone/model-x"), ("LLM_API_KEY", "k")).WithoutMistakes();

        Assert.Equal(("openai", "someone/model-x"), (loaded.Llm("litellm").Provider, loaded.Llm("litellm").Model));
        loaded.HasWarning("PRIMARY_MODEL: \"someone/model-x\" names no vendor that is known");
    }

    [Fact]
    public void LiteLlmNamesGuide_WithAProvider_GivesItTheModelAndTheKey()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LLM_PROVIDER", "mistral"), ("PRIMARY_MODEL", "mistral-large-latest"), ("SECONDARY_MODEL", "mistral-small-latest"), ("LLM_API_KEY", "k")).WithoutMistakes();

        Assert.Equal(["mistral", "mistral/*", "mistral-secondary"], loaded.LlmNames());
        Assert.Equal("mistral-large-latest", loaded.Llm("mistral").Model);
        Assert.All(loaded.Options.Llms, llm => Assert.Equal(("mistral", "k"), (llm.Provider, llm.Auth.Get("api_key"))));
        Assert.Equal(["mistral-secondary"], loaded.Llm("mistral").Fallbacks);
    }

    [Fact]
    public void StrategyGuide_Variables_BecomeRoutingCacheAndLimits()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LLM_ROUTING_STRATEGY", "COST_OPTIMIZED"),
            ("LLM_PREFER_LOCAL", "true"),
            ("LLM_MAX_LATENCY_MS", "5000"),
            ("LLM_ENABLE_FALLBACK", "true"),
            ("LLM_ENABLE_RETRY", "true"),
            ("LLM_MAX_RETRIES", "3"),
            ("LLM_ENABLE_CACHING", "true"),
            ("LLM_CACHE_SIZE", "500"),
            ("LLM_RATE_LIMIT_RPM", "60"),
            ("OPENAI_API_KEY", "k")).WithoutMistakes();

        RoutingOptions routing = loaded.Options.Routing;
        Assert.Equal(("cost_optimized", true, 5000, true), (routing.DefaultStrategy, routing.PreferLocal, routing.MaxLatencyMs, routing.Fallback));
        Assert.Equal(3, loaded.Options.Resilience.MaxRetries);
        Assert.Equal((true, 500), (loaded.Options.Cache.Enabled, loaded.Options.Cache.MaxEntries));
        Assert.Equal((60, 60), (loaded.Options.Limits.RequestsPerMinute, loaded.Options.Limits.QueueSeconds));
        Assert.DoesNotContain(loaded.Warnings, line => line.StartsWith("LlmProxy:Routing", StringComparison.Ordinal));
    }

    [Fact]
    public void DatabaseGuide_Variables_BuildDatabaseRedisAndAzure()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("DATABASE_URL", "postgresql+psycopg://user:pw@db:5432/app"),
            ("REDIS_URL", "redis://redis:6379/0"),
            ("LLM_DEFAULT_PROVIDER", "azure"),
            ("AZURE_API_KEY", "ak"),
            ("AZURE_API_BASE", "https://name.openai.azure.com"),
            ("AZURE_API_VERSION", "2024-06-01"),
            ("OPENAI_API_KEY", "ok"),
            ("DEVELOPMENT_MODE", "true"),
            ("LOG_LEVEL", "DEBUG")).WithoutMistakes();

        Assert.Equal("postgresql://user:pw@db:5432/app", loaded.Options.Database.Connection);
        Assert.Equal("redis://redis:6379/0", loaded.Options.Redis.Connection);
        Assert.Equal(["azure", "azure/*", "openai", "openai/*"], loaded.LlmNames());
        LlmOptions azure = loaded.Llm("azure");
        Assert.Equal(("gpt-4o", "https://name.openai.azure.com", "ak", "2024-06-01"), (azure.Model, azure.BaseUrl, azure.Auth.Get("api_key"), azure.Auth.Get("api_version")));
        loaded.HasWarning("AZURE_OPENAI_DEPLOYMENT_NAME: is not set; the model \"gpt-4o\" is asked for");
        Assert.Equal((LogLevel.Debug, true), (loaded.LogLevel, loaded.IsDevelopment));
        Assert.True(loaded.DatabaseIsConfigured);
        Assert.DoesNotContain("pw", string.Join(' ', [.. loaded.Warnings, .. loaded.Sources]), StringComparison.Ordinal);
    }

    [Fact]
    public void AmbientCloudVariables_Alone_MakeNothing()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_SESSION_TOKEN", "t"),
            ("AWS_BEARER_TOKEN_BEDROCK", "b"),
            ("GOOGLE_CLOUD_PROJECT", "p"),
            ("GOOGLE_CLOUD_LOCATION", "l"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/c.json"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("OPENAI_BASE_URL", "http://x"),
            ("OPENAI_ORGANIZATION", "o")).WithoutMistakes();

        Assert.Equal(["dummy"], loaded.LlmNames());
        Assert.True(loaded.DummyIsImplied);
        Assert.False(loaded.LlmsFromEnvironment);
        Assert.Empty(loaded.Sources);
    }
}
