using LlmProxy.Configuration.Options;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Configuration.Shortcuts;

public sealed class LlmShortcutTests
{
    [Theory]
    [InlineData("OPENAI_API_KEY=k", "openai", "openai", "gpt-3.5-turbo", "", "api_key=k")]
    [InlineData("OPENAI_API_KEY=k OPENAI_MODEL=gpt-4o OPENAI_BASE_URL=http://b OPENAI_ORGANIZATION=o", "openai", "openai", "gpt-4o", "http://b", "api_key=k organization=o")]
    [InlineData("OPENAI_API_KEY=k OPENAI_API_BASE=http://b", "openai", "openai", "gpt-3.5-turbo", "http://b", "api_key=k")]
    [InlineData("ANTHROPIC_API_KEY=k", "anthropic", "anthropic", "claude-3-5-sonnet-20241022", "", "api_key=k")]
    [InlineData("ANTHROPIC_API_KEY=k ANTHROPIC_MODEL=c ANTHROPIC_API_BASE=http://b", "anthropic", "anthropic", "c", "http://b", "api_key=k")]
    [InlineData("OLLAMA_URL=http://o", "ollama", "ollama", "llama3", "http://o", "")]
    [InlineData("OLLAMA_BASE_URL=http://o OLLAMA_MODEL=m", "ollama", "ollama", "m", "http://o", "")]
    [InlineData("OLLAMA_API_BASE=http://o OLLAMA_CHAT_MODEL=m", "ollama", "ollama", "m", "http://o", "")]
    [InlineData("OLLAMA_MODEL=m", "ollama", "ollama", "m", "", "")]
    [InlineData("CUSTOM_LLM_URL=http://c", "custom", "custom", "custom", "http://c", "")]
    [InlineData("CUSTOM_LLM_URL=http://c CUSTOM_LLM_MODEL=m CUSTOM_LLM_API_KEY=k", "custom", "custom", "m", "http://c", "api_key=k")]
    [InlineData("INTERNAL_LLM_ENABLED=true", "internal", "custom", "llama2-70b-chat", "http://localhost:8000/v1", "")]
    [InlineData("INTERNAL_LLM_API_BASE=http://i INTERNAL_LLM_API_KEY=k INTERNAL_LLM_MODEL=m", "internal", "custom", "m", "http://i", "api_key=k")]
    [InlineData("AZURE_OPENAI_API_KEY=k AZURE_OPENAI_API_BASE=https://a AZURE_OPENAI_DEPLOYMENT_NAME=d AZURE_OPENAI_API_VERSION=v", "azure", "azure", "d", "https://a", "api_key=k api_version=v deployment=d")]
    [InlineData("AZURE_API_KEY=k AZURE_API_BASE=https://a AZURE_OPENAI_DEPLOYMENT_NAME=d", "azure", "azure", "d", "https://a", "api_key=k deployment=d")]
    [InlineData("AZURE_API_BASE=https://a AZURE_OPENAI_DEPLOYMENT_NAME=d", "azure", "azure", "d", "https://a", "deployment=d")]
    [InlineData("BEDROCK_MODEL=m AWS_REGION=r AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN=t AWS_BEARER_TOKEN_BEDROCK=b", "bedrock", "bedrock", "m", "", "access_key_id=a bearer_token=b region=r secret_access_key=s session_token=t")]
    [InlineData("BEDROCK_MODEL=m BEDROCK_API_BASE=http://b", "bedrock", "bedrock", "m", "http://b", "")]
    [InlineData("VERTEX_MODEL=m GOOGLE_CLOUD_PROJECT=p GOOGLE_CLOUD_LOCATION=l GOOGLE_APPLICATION_CREDENTIALS=/c", "vertex", "vertex", "m", "", "credentials_file=/c location=l project=p")]
    [InlineData("GEMINI_API_KEY=k", "gemini", "gemini", "gemini-2.5-flash", "", "api_key=k")]
    [InlineData("GEMINI_API_KEY=k GEMINI_MODEL=m GEMINI_API_BASE=http://g", "gemini", "gemini", "m", "http://g", "api_key=k")]
    [InlineData("MISTRAL_API_KEY=k", "mistral", "mistral", "mistral-small-latest", "", "api_key=k")]
    [InlineData("MISTRAL_API_KEY=k MISTRAL_MODEL=m MISTRAL_API_BASE=http://m", "mistral", "mistral", "m", "http://m", "api_key=k")]
    [InlineData("TOGETHER_API_KEY=k TOGETHER_MODEL=m TOGETHER_API_BASE=http://t", "together", "together", "m", "http://t", "api_key=k")]
    [InlineData("FIREWORKS_API_KEY=k FIREWORKS_MODEL=m FIREWORKS_API_BASE=http://f", "fireworks", "fireworks", "m", "http://f", "api_key=k")]
    [InlineData("LITELLM_API_BASE=http://l LITELLM_API_KEY=k", "litellm", "litellm", "gpt-3.5-turbo", "http://l", "api_key=k")]
    [InlineData("LLM_BACKEND=vllm PRIMARY_MODEL=m VLLM_API_BASE=http://v", "vllm", "vllm", "m", "http://v", "")]
    public void Variables_OfOneVendor_MakeItsLlmAsTheDefault(string variables, string name, string provider, string model, string address, string auth)
    {
        var loaded = OperatorFolder.LoadVariables(Split(variables)).WithoutMistakes();

        LlmOptions llm = loaded.Llm(name);
        Assert.Equal((provider, model, address, true, 10), (llm.Provider, llm.Model, llm.BaseUrl, llm.IsDefault, llm.Priority));
        Assert.Equal(auth, string.Join(' ', llm.Auth.Values.OrderBy(value => value.Key, StringComparer.Ordinal).Select(value => $"{value.Key}={value.Value.Reveal()}")));
        Assert.Empty(llm.Auth.Missing);
        Assert.False(loaded.DummyIsImplied);
    }

    [Theory]
    [InlineData("OPENAI_API_KEY=k OPENAI_MODEL=gpt-4o", "openai/*")]
    [InlineData("ANTHROPIC_API_KEY=k", "anthropic/*")]
    [InlineData("AZURE_API_KEY=k AZURE_API_BASE=https://a AZURE_OPENAI_DEPLOYMENT_NAME=d", "azure/*")]
    [InlineData("BEDROCK_MODEL=m", "bedrock/*")]
    [InlineData("VERTEX_MODEL=m", "vertex/*")]
    [InlineData("GEMINI_API_KEY=k", "gemini/*")]
    [InlineData("MISTRAL_API_KEY=k", "mistral/*")]
    [InlineData("TOGETHER_API_KEY=k", "together/*")]
    [InlineData("FIREWORKS_API_KEY=k", "fireworks/*")]
    [InlineData("LITELLM_API_BASE=http://l", "litellm/*")]
    [InlineData("LLM_BACKEND=openai LLM_API_KEY=k LLM_API_BASE=http://x", "openai/*")]
    [InlineData("VLLM_API_BASE=http://v", "vllm/*")]
    [InlineData("OLLAMA_URL=http://o", null)]
    [InlineData("CUSTOM_LLM_URL=http://o", null)]
    [InlineData("INTERNAL_LLM_ENABLED=1", null)]
    [InlineData("LLM_BACKEND=openai", null)]
    public void Wildcard_StandsBesideHostedVendorsWithAKey(string variables, string? wildcard)
    {
        var loaded = OperatorFolder.LoadVariables(Split(variables)).WithoutMistakes();

        LlmOptions? found = loaded.Options.Llms.Find(llm => llm.Model == "*");
        Assert.Equal(wildcard, found?.Name);
        if (found is not null && loaded.Options.Llms.Find(llm => llm.Name == found.Provider) is { } named)
        {
            Assert.Equal((false, named.Priority + 1, named.BaseUrl, named.Auth.Get("api_key")), (found.IsDefault, found.Priority, found.BaseUrl, found.Auth.Get("api_key")));
            Assert.Null(found.Auth.Get("deployment"));
        }
    }

    [Fact]
    public void Priorities_OfManyVendors_FollowTheTable()
    {
        var loaded = OperatorFolder.LoadVariables(Split(
            "LLM_BACKEND=gemini FIREWORKS_API_KEY=k TOGETHER_API_KEY=k MISTRAL_API_KEY=k GEMINI_API_KEY=k VERTEX_MODEL=m BEDROCK_MODEL=m AZURE_API_KEY=k AZURE_API_BASE=https://a "
            + "AZURE_OPENAI_DEPLOYMENT_NAME=d INTERNAL_LLM_MODEL=m CUSTOM_LLM_URL=http://c OLLAMA_MODEL=m ANTHROPIC_API_KEY=k OPENAI_API_KEY=k LITELLM_API_BASE=http://l SECONDARY_MODEL=gemini-pro")).WithoutMistakes();

        Assert.Equal(
            "gemini=10 gemini-secondary=20 openai=30 anthropic=40 ollama=50 custom=60 internal=70 azure=80 bedrock=90 vertex=100 mistral=110 together=120 fireworks=130 litellm=140",
            string.Join(' ', loaded.Options.Llms.Where(llm => llm.Model != "*").OrderBy(llm => llm.Priority).Select(llm => $"{llm.Name}={llm.Priority}")));
        Assert.Equal("gemini", Assert.Single(loaded.Options.Llms, llm => llm.IsDefault).Name);
        Assert.Equal(["gemini-secondary"], loaded.Llm("gemini").Fallbacks);
    }

    [Theory]
    [InlineData("OPENAI_API_KEY=not_configured")]
    [InlineData("OPENAI_API_KEY=")]
    [InlineData("OPENAI_API_KEY= OPENAI_MODEL=gpt-4")]
    [InlineData("INTERNAL_LLM_ENABLED=false INTERNAL_LLM_MODEL=m")]
    [InlineData("AZURE_API_BASE=https://a")]
    [InlineData("LITELLM_API_KEY=k")]
    public void Variables_ThatAreNotEnough_LeaveTheDummy(string variables) =>
        Assert.Equal(["dummy"], OperatorFolder.LoadVariables(Split(variables)).WithoutMistakes().LlmNames());

    [Theory]
    [InlineData("openai", "OPENAI_API_KEY is not set")]
    [InlineData("anthropic", "ANTHROPIC_API_KEY is not set")]
    [InlineData("azure", "AZURE_OPENAI_API_BASE is not set")]
    [InlineData("custom", "CUSTOM_LLM_URL is not set")]
    [InlineData("vllm", "PRIMARY_MODEL is not set")]
    [InlineData("litellm", "OPENAI_API_KEY is not set")]
    public void Default_WithoutWhatItNeeds_IsUnavailableAndSaysWhy(string backend, string reason)
    {
        var loaded = OperatorFolder.LoadVariables(("LLM_BACKEND", backend)).WithoutMistakes();

        LlmOptions llm = Assert.Single(loaded.Options.Llms, llm => llm.IsDefault);
        Assert.Equal((backend, true), (llm.Name, llm.IsDefault));
        Assert.Equal([reason], llm.Auth.Missing);
        Assert.False(loaded.DummyIsImplied);
    }

    [Theory]
    [InlineData("ollama", "ollama", "")]
    [InlineData("internal", "custom", "http://localhost:8000/v1")]
    [InlineData("bedrock", "bedrock", "")]
    [InlineData("vertex", "vertex", "")]
    [InlineData("Azure-OpenAI", "azure", "")]
    [InlineData("vertex_ai", "vertex", "")]
    public void Default_ChosenByNameAlone_IsMade(string backend, string provider, string address)
    {
        LlmOptions llm = Assert.Single(OperatorFolder.LoadVariables(("LLM_PROVIDER", backend)).WithoutMistakes().Options.Llms, llm => llm.IsDefault);

        Assert.Equal((provider, address), (llm.Provider, llm.BaseUrl));
    }

    [Fact]
    public void Default_OfUnknownName_IsTheDummyWithAWarning()
    {
        var loaded = OperatorFolder.LoadVariables(("LLM_BACKEND", "skynet"), ("OPENAI_API_KEY", "k")).WithoutMistakes();

        Assert.Equal(["dummy", "openai", "openai/*"], loaded.LlmNames());
        Assert.Equal("dummy", Assert.Single(loaded.Options.Llms, llm => llm.IsDefault).Name);
        Assert.Equal((true, false), (loaded.DummyIsImplied, loaded.DummyWasNamed));
        loaded.HasWarning("LLM_BACKEND: \"skynet\" is no provider that is known");
    }

    [Fact]
    public void Default_DummyByName_WasNamed()
    {
        var loaded = OperatorFolder.LoadVariables(("LLM_BACKEND", "dummy"), ("OPENAI_API_KEY", "k")).WithoutMistakes();

        Assert.Equal("dummy", Assert.Single(loaded.Options.Llms, llm => llm.IsDefault).Name);
        Assert.Equal((false, true), (loaded.DummyIsImplied, loaded.DummyWasNamed));
    }

    [Fact]
    public void Default_SwitchedOff_GivesWayToTheNextOne()
    {
        var loaded = OperatorFolder.LoadVariables(("LLM_BACKEND", "internal"), ("INTERNAL_LLM_ENABLED", "false"), ("OLLAMA_MODEL", "m")).WithoutMistakes();

        Assert.Equal(["ollama"], loaded.LlmNames());
        Assert.True(loaded.Llm("ollama").IsDefault);
        loaded.HasWarning("LLM_BACKEND: chooses internal, but INTERNAL_LLM_ENABLED switches it off");
    }

    [Theory]
    [InlineData("LLM_BACKEND=openai LLM_PROVIDER=ollama OPENAI_API_KEY=k", "LLM_PROVIDER: is not used, because LLM_BACKEND is set")]
    [InlineData("OPENAI_API_KEY=k OPENAI_BASE_URL=http://a OPENAI_API_BASE=http://b", "OPENAI_API_BASE: is not used, because OPENAI_BASE_URL is set")]
    [InlineData("OLLAMA_URL=http://a OLLAMA_BASE_URL=http://b", "OLLAMA_BASE_URL: is not used")]
    [InlineData("AZURE_OPENAI_API_KEY=a AZURE_API_KEY=b AZURE_API_BASE=https://a AZURE_OPENAI_DEPLOYMENT_NAME=d", "AZURE_API_KEY: is not used")]
    [InlineData("LLM_BACKEND=openai OPENAI_API_KEY=k OPENAI_MODEL=a PRIMARY_MODEL=b", "OPENAI_MODEL: is not used, because PRIMARY_MODEL is set")]
    [InlineData("CUSTOM_LLM_MODEL=m", "CUSTOM_LLM_MODEL: makes no LLM, because CUSTOM_LLM_URL is not set")]
    [InlineData("LLM_API_KEY=k", "LLM_API_KEY: is not used, because nothing says for which provider")]
    [InlineData("LLM_BACKEND=openai OPENAI_API_KEY=k LLM_API_BASE=http://a", "OPENAI_API_KEY: is sent to the address in LLM_API_BASE")]
    [InlineData("LLM_BACKEND=fallback", "LLM_BACKEND: asks for a primary and a secondary LLM")]
    public void Variables_ThatContradictOrMeanNothing_AreWarnedOf(string variables, string warning) =>
        OperatorFolder.LoadVariables(Split(variables)).WithoutMistakes().HasWarning(warning);

    [Fact]
    public void Synonyms_TheFirstInTheTableWins()
    {
        var loaded = OperatorFolder.LoadVariables(Split("OLLAMA_BASE_URL=http://b OLLAMA_URL=http://a OLLAMA_CHAT_MODEL=y OLLAMA_MODEL=x")).WithoutMistakes();

        Assert.Equal(("http://a", "x"), (loaded.Llm("ollama").BaseUrl, loaded.Llm("ollama").Model));
        Assert.Equal(["environment: OLLAMA_MODEL, OLLAMA_URL"], loaded.Sources);
    }

    [Theory]
    [InlineData("OPENAI_API_KEY=k OPENAI_MAX_TOKENS=many", "OPENAI_MAX_TOKENS: \"many\" is not a whole number")]
    [InlineData("OPENAI_API_KEY=k OPENAI_TEMPERATURE=hot", "OPENAI_TEMPERATURE: \"hot\" is not a number")]
    [InlineData("OPENAI_API_KEY=k OPENAI_BASE_URL=not-an-address", "OPENAI_BASE_URL: must be a whole address")]
    [InlineData("CUSTOM_LLM_URL=http://c CUSTOM_LLM_TIMEOUT=soon", "CUSTOM_LLM_TIMEOUT: \"soon\" is not a whole number")]
    [InlineData("CUSTOM_LLM_URL=http://c CUSTOM_LLM_HEADERS=[1]", "CUSTOM_LLM_HEADERS: must be a JSON object")]
    [InlineData("CUSTOM_LLM_URL=http://c CUSTOM_LLM_HEADERS={\"X", "CUSTOM_LLM_HEADERS, line 1")]
    [InlineData("INTERNAL_LLM_ENABLED=perhaps", "INTERNAL_LLM_ENABLED: \"perhaps\" is not true or false")]
    [InlineData("LLM_RATE_LIMIT_RPM=x", "LLM_RATE_LIMIT_RPM: \"x\" is not a whole number")]
    [InlineData("LLM_ENABLE_CACHING=x", "LLM_ENABLE_CACHING: \"x\" is not true or false")]
    public void Variables_WithAWrongValue_AreMistakesUnderTheirOwnName(string variables, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(OperatorFolder.LoadVariables(Split(variables)).Mistakes), StringComparison.Ordinal);

    [Fact]
    public void Model_BehindARelay_KeepsItsPrefix()
    {
        Assert.Equal("openai/gpt-4o", OperatorFolder.LoadVariables(Split("LLM_BACKEND=openai PRIMARY_MODEL=openai/gpt-4o LLM_API_KEY=k LLM_API_BASE=http://r")).Llm("openai").Model);
        Assert.Equal("gpt-4o", OperatorFolder.LoadVariables(Split("LLM_BACKEND=openai PRIMARY_MODEL=openai/gpt-4o LLM_API_KEY=k")).Llm("openai").Model);
        Assert.Equal("llama3", OperatorFolder.LoadVariables(Split("LLM_BACKEND=ollama PRIMARY_MODEL=ollama/llama3 OLLAMA_URL=http://o")).Llm("ollama").Model);
    }

    [Fact]
    public void Cloud_ModelOfOllama_IsNotLocal() =>
        Assert.False(Deployment.StaysInHouse(OperatorFolder.LoadVariables(("OLLAMA_MODEL", "gpt-oss:120b-cloud")).WithoutMistakes().Llm("ollama"), ProviderCatalog.All["ollama"].Card));

    internal static (string Name, string Value)[] Split(string variables) =>
        [.. variables.Split(' ').Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], pair[1]))];
}
