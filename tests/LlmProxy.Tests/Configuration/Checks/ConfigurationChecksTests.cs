using LlmProxy.Configuration;
using LlmProxy.Configuration.Checks;
using LlmProxy.Configuration.Options;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Configuration.Checks;

public sealed class ConfigurationChecksTests
{
    private static string Llm(string rest) => $$"""{ "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", {{rest}} } ] }""";

    private static string Beside(string rest) => $$"""
        { "Llms": [ { "Name": "a", "Provider": "openai", "Model": "gpt-4o" }, { "Name": "b", "Provider": "vllm", "Model": "org/model", "Weight": 0 }, { "Name": "c", "Provider": "vllm", "Model": "x", "Weight": 0 } ], {{rest}} }
        """;

    [Theory]
    [InlineData("\"BaseUrl\": \"localhost:8000\"", "LlmProxy:Llms[0]:BaseUrl: must be a whole address")]
    [InlineData("\"BaseUrl\": \"http://\"", "LlmProxy:Llms[0]:BaseUrl: must be a whole address")]
    [InlineData("\"BaseUrl\": \"http://u:p@h\"", "must not hold a user name or password")]
    [InlineData("\"BaseUrl\": \"http://h/#x\"", "must end before")]
    [InlineData("\"Destinations\": [\"http://a\", \"file.txt\"]", "LlmProxy:Llms[0]:Destinations[1]: must be a whole address")]
    [InlineData("\"Destinations\": [\"http://a/v1\", \"http://a/v1/\"]", "LlmProxy:Llms[0]:Destinations[1]: is the same address")]
    [InlineData("\"Headers\": { \"X Y\": \"a\" }", "LlmProxy:Llms[0]:Headers: holds a header name")]
    [InlineData("\"Headers\": { \"X-Y\": \"a\\r\\nb\" }", "LlmProxy:Llms[0]:Headers:X-Y: holds characters")]
    [InlineData("\"Headers\": { \"X-Y\": \"grün\" }", "LlmProxy:Llms[0]:Headers:X-Y: holds characters")]
    [InlineData("\"Headers\": { \"Host\": \"a\" }", "LlmProxy:Llms[0]:Headers:Host: is set by the gateway itself")]
    [InlineData("\"Config\": { \"stream\": true }", "LlmProxy:Llms[0]:Config:stream: cannot be preset")]
    [InlineData("\"Endpoints\": [\"chat\", \"embedding\"]", "\"embedding\" is no endpoint that is known; did you mean embeddings?")]
    [InlineData("\"Fallbacks\": [\"A\"]", "LlmProxy:Llms[0]:Fallbacks: names the LLM itself")]
    [InlineData("\"InputPricePerMillion\": -1", "is below the least")]
    public void Llm_ThatCannotBeRight_IsAMistake(string rest, string part) => OperatorFolder.LoadFile(Llm(rest)).HasMistake(part);

    [Theory]
    [InlineData(1, true)]
    [InlineData(196_607, true)]
    [InlineData(196_608, false)]
    [InlineData(0, false)]
    public void Journal_TooSmallForItsFiles_IsAMistake(long bytes, bool isMistake)
    {
        LoadedConfiguration loaded = OperatorFolder.LoadFile(Beside($$"""
            "Journal": { "MaxBytes": {{bytes}} }
            """));
        if (isMistake)
        {
            loaded.HasMistake("LlmProxy:Journal:MaxBytes: must be at least 196608");
        }
        else
        {
            loaded.WithoutMistakes();
        }
    }

    [Theory]
    [InlineData("openai", "my-own-model", "", true)]
    [InlineData("openai", "my-own-model", ", \"Enabled\": false", false)]
    [InlineData("openai", "my-own-model", ", \"OutputPricePerMillion\": 3", false)]
    [InlineData("openai", "my-own-model", ", \"PricePerImage\": 0.04", false)]
    [InlineData("openai", "my-own-model", ", \"Local\": true", false)]
    [InlineData("openai", "gpt-4o-2024-08-06", "", false)]
    [InlineData("openai", "*", "", false)]
    [InlineData("vllm", "org/model", "", false)]
    [InlineData("vllm", "org/model", ", \"Local\": false", true)]
    [InlineData("ollama", "gpt-oss:120b-cloud", "", true)]
    public void Llm_WhosePriceNobodyKnows_IsTold(string provider, string model, string rest, bool isTold)
    {
        const string Warning = "LlmProxy:Llms[0]:InputPricePerMillion: no price of";
        LoadedConfiguration loaded = OperatorFolder.LoadFile($$"""{ "Llms": [ { "Name": "a", "Provider": "{{provider}}", "Model": "{{model}}"{{rest}} } ] }""").WithoutMistakes();

        if (isTold)
        {
            loaded.HasWarning(Warning);
        }
        else
        {
            loaded.HasNoWarning(Warning);
        }
    }

    [Theory]
    [InlineData("InputPricePerMillion")]
    [InlineData("CacheWritePricePerMillion")]
    [InlineData("PricePerMinute")]
    [InlineData("Quality")]
    [InlineData("ContextWindow")]
    public void Llm_WithANegativeFact_IsAMistakeThatNamesTheKey(string key) =>
        OperatorFolder.LoadFile(Llm($"\"{key}\": -1")).HasMistake($"LlmProxy:Llms[0]:{key}: \"-1\" is below the least");

    [Theory]
    [InlineData("a,b")]
    [InlineData(" a")]
    [InlineData("a\\u0007")]
    [InlineData("modèle")]
    public void Llm_WithANameThatCannotTravel_IsAMistake(string name) =>
        OperatorFolder.LoadFile($$"""{ "Llms": [ { "Name": "{{name}}", "Provider": "openai", "Model": "m" } ] }""").HasMistake("LlmProxy:Llms[0]:Name: a name must");

    [Theory]
    [InlineData("\"Chains\": { \"A\": [\"b\"] }", "LlmProxy:Chains:A: is also the name of an LLM")]
    [InlineData("\"Chains\": { \"x\": [\"y\"], \"y\": [\"chain:z\"], \"z\": [\"a\", \"x\"] }", "LlmProxy:Chains:x: leads back to itself: x → y → z → x")]
    [InlineData("\"Chains\": { \"x\": [\"a\", \"X\"] }", "LlmProxy:Chains:x: leads back to itself: x → x")]
    [InlineData("\"Chains\": { \"x\": { \"Strategy\": \"weighted\" } }", "LlmProxy:Chains:x:Llms: is required")]
    [InlineData("\"Chains\": { \"x\": { \"Llms\": [\"a\"], \"Strategy\": \"wieghted\" } }", "did you mean weighted?")]
    [InlineData("\"Chains\": { \"x\": { \"Llms\": [\"b\", \"c\"], \"Strategy\": \"weighted\" } }", "every one of its LLMs has weight 0")]
    [InlineData("\"Chains\": { \"x\": [\"local_only\", \"chain:local_only\"] }", "twice")]
    [InlineData("\"Chains\": { \"local_only\": [\"a\", \"chain:local_only\"] }", "leads back to itself")]
    [InlineData("\"Routing\": { \"Tasks\": { \"poetry\": \"\" } }", "must not be empty")]
    [InlineData("\"Routing\": { \"DefaultStrategy\": \"cheapest\" }", "is no strategy that is known")]
    [InlineData("\"Chains\": { \"x\": [\"nick\"] }, \"Aliases\": { \"nick\": \"a\" }", "\"nick\" is no LLM and no chain but an alias")]
    [InlineData("\"Chains\": { \"x\": [\"auto\"] }", "\"auto\" is no LLM and no chain but a choice")]
    [InlineData("\"Aliases\": { \"x\": \"nothing\" }", "LlmProxy:Aliases:x: \"nothing\" is no LLM, chain or alias")]
    [InlineData("\"Aliases\": { \"x-*\": \"x-1\" }", "leads back to itself: x-* → x-*")]
    [InlineData("\"Aliases\": { \"x\": \"auto:fastest\" }", "\"auto:fastest\" is no LLM, chain or alias")]
    [InlineData("\"Routing\": { \"Defaults\": { \"embedings\": \"a\" } }", "Defaults:embedings: is no endpoint that is known; did you mean embeddings?")]
    [InlineData("\"Routing\": { \"Defaults\": { \"embeddings\": \"z\" } }", "LlmProxy:Routing:Defaults:embeddings: \"z\" is no LLM, chain or alias")]
    [InlineData("\"Routing\": { \"DefaultStrategy\": \"random\" }", "\"random\" is no strategy that is known")]
    public void Names_ThatLeadNowhere_AreMistakes(string rest, string part) => OperatorFolder.LoadFile(Beside(rest)).HasMistake(part);

    [Theory]
    [InlineData("\"Chains\": { \"x\": [\"A\", \"org/model\", \"openai/gpt-4o\", \"y\"], \"y\": [\"b\"] }")]
    [InlineData("\"Aliases\": { \"gpt-*\": \"gpt-4o\", \"x\": \"y\", \"y\": \"chain:z\", \"d\": \"default\", \"s\": \"auto:cost-optimized\", \"*\": \"a\" }, \"Chains\": { \"z\": [\"a\"] }")]
    [InlineData("\"Routing\": { \"Defaults\": { \"Embeddings\": \"vllm/x\" }, \"DefaultStrategy\": \"Priority\" }")]
    public void Names_ThatLeadSomewhere_AreFine(string rest) => OperatorFolder.LoadFile(Beside(rest)).WithoutMistakes();

    [Fact]
    public void Names_BesideAWildcard_AreDoubtedButTaken()
    {
        var loaded = OperatorFolder.LoadFile("""
            { "Llms": [ { "Name": "openai/*", "Provider": "openai", "Model": "*" } ], "Aliases": { "fast": "gpt-4o-mini", "sure": "openai/gpt-4o" }, "Chains": { "c": ["openai/gpt-4o", "openai/gpt-4o-mini"] } }
            """).WithoutMistakes();

        loaded.HasWarning("LlmProxy:Aliases:fast: \"gpt-4o-mini\" is the name of nothing that is configured");
        loaded.HasNoWarning("sure");
        loaded.HasNoWarning("Chains");
    }

    [Fact]
    public void Chains_ThatAllNameEachOther_AreCheckedInNoTime()
    {
        string chains = string.Join(",", Enumerable.Range(0, 60).Select(i => $"\"c{i}\": [\"a\"{string.Concat(Enumerable.Range(i + 1, 59 - i).Select(j => $", \"c{j}\""))}]"));

        OperatorFolder.LoadFile(Beside($"\"Chains\": {{ {chains} }}")).WithoutMistakes();
    }

    [Fact]
    public void Defaults_SeveralInOneScope_AreAMistake()
    {
        const string Two = """{ "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "IsDefault": true }, { "Name": "b", "Provider": "openai", "Model": "m", "IsDefault": true, "Scope": "SCOPE", "Enabled": ENABLED } ] }""";

        OperatorFolder.LoadFile(Two.Replace("SCOPE", "Global", StringComparison.Ordinal).Replace("ENABLED", "true", StringComparison.Ordinal)).HasMistake("a and b are all IsDefault in the scope global");
        OperatorFolder.LoadFile(Two.Replace("SCOPE", "team-a", StringComparison.Ordinal).Replace("ENABLED", "true", StringComparison.Ordinal)).WithoutMistakes();
        OperatorFolder.LoadFile(Two.Replace("SCOPE", "global", StringComparison.Ordinal).Replace("ENABLED", "false", StringComparison.Ordinal)).WithoutMistakes();
    }

    [Theory]
    [InlineData("\"Aliases\": { \"a\": \"b\" }", "LlmProxy:Aliases:a: is never used, because an LLM bears this name")]
    [InlineData("\"Aliases\": { \"x\": \"b\" }, \"Chains\": { \"x\": [\"a\"] }", "LlmProxy:Aliases:x: is never used, because a chain bears this name")]
    [InlineData("\"Keys\": [ { \"Name\": \"k\", \"Key\": \"x\", \"AllowedModels\": [\"a\", \"gpt-4oo\", \"claude-*\"] } ]", "\"gpt-4oo\" is the name of nothing that is configured")]
    public void Names_ThatAreOdd_AreWarnedOf(string rest, string part) =>
        Assert.Contains(part, Assert.Single(OperatorFolder.LoadFile(Beside(rest)).WithoutMistakes().Warnings, line => !line.Contains("Weight", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"Keys\": [ { \"Name\": \"k\", \"Key\": \"same\" }, { \"Name\": \"l\", \"Key\": \"same\" } ]", "LlmProxy:Keys[1]:Key: is the same secret as that of k")]
    [InlineData("\"Auth\": { \"AdminKey\": \"same\" }, \"Keys\": [ { \"Name\": \"k\", \"Key\": \"same\" } ]", "LlmProxy:Keys[0]:Key: is the same secret as that of LlmProxy:Auth:AdminKey")]
    [InlineData("\"Keys\": [ { \"Name\": \"k\", \"Key\": \"two words\" } ]", "LlmProxy:Keys[0]:Key: holds spaces")]
    [InlineData("\"Keys\": [ { \"Name\": \"k\", \"Key\": \"\" } ]", "LlmProxy:Keys[0]:Key: is empty")]
    [InlineData("\"Keys\": [ { \"Key\": \"x\" } ]", "LlmProxy:Keys[0]:Name: is required")]
    [InlineData("\"Keys\": [ null ]", "LlmProxy:Keys[0]: is null")]
    [InlineData("\"Workspaces\": [ { \"Name\": \"Global\" } ]", "a workspace must be called otherwise")]
    [InlineData("\"Auth\": { \"TrustedProxies\": [\"10.0.0.0/8\", \"::1\", \"proxy\"] }", "\"proxy\" is neither an address nor a network")]
    [InlineData("\"Alerts\": { \"At\": [0] }", "0 is no percentage")]
    public void Access_ThatCannotBeRight_IsAMistake(string rest, string part) => Assert.Contains(part, Assert.Single(OperatorFolder.LoadFile(Beside(rest)).Mistakes), StringComparison.Ordinal);

    [Theory]
    [InlineData("ollama", "llama3", null, true)]
    [InlineData("ollama", "gpt-oss:120b-cloud", null, false)]
    [InlineData("ollama", "glm-4.6:cloud", null, false)]
    [InlineData("ollama", "gpt-oss:120b-cloud", true, true)]
    [InlineData("ollama", "*", null, true)]
    [InlineData("vllm", "m", null, true)]
    [InlineData("vllm", "m", false, false)]
    [InlineData("openai", "m", null, false)]
    public void Local_ByProviderAndModel_IsSettled(string provider, string model, bool? written, bool expected)
    {
        string local = written is null ? "" : $", \"Local\": {(written.Value ? "true" : "false")}";
        LlmOptions llm = OperatorFolder.LoadFile($$"""{ "Llms": [ { "Name": "a", "Provider": "{{provider}}", "Model": "{{model}}" {{local}} } ] }""").WithoutMistakes().Llm("a");

        Assert.Equal(expected, Deployment.StaysInHouse(llm, ProviderCatalog.All[provider].Card));
    }

    [Theory]
    [InlineData("llama3", "", "gpt-oss:120b-cloud", false)]
    [InlineData("*", "", "gpt-oss:120b-cloud", false)]
    [InlineData("*", "", "glm-4.6:cloud", false)]
    [InlineData("*", "", "llama3", true)]
    [InlineData("*", ", \"Local\": true", "gpt-oss:120b-cloud", true)]
    public void Local_OfAnotherModelAtALoadedLlm_NeedsTheOperatorsWordWhereItRunsOutside(string model, string local, string asked, bool expected)
    {
        LlmOptions llm = OperatorFolder.LoadFile($$"""{ "Llms": [ { "Name": "a", "Provider": "ollama", "Model": "{{model}}" {{local}} } ] }""").WithoutMistakes().Llm("a");

        Assert.Equal(expected, new RouteTarget(new Deployment(llm, ProviderCatalog.All["ollama"], new LlmState("ollama", "a", TimeProvider.System)), asked).IsLocal);
    }

    [Fact]
    public void Provider_WithSomethingAgainstTheSettings_IsHeardUnlessACredentialIsMissing()
    {
        using var folder = new OperatorFolder { CheckLlm = llm => [$"{llm.Provider} says no"] };
        folder.WithConfigFile("""
            { "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m" }, { "Name": "b", "Provider": "custom", "Model": "m", "Auth": { "base_url_env": "NOT_THERE" } } ] }
            """);

        Assert.StartsWith("LlmProxy:Llms[0]: openai says no", Assert.Single(folder.Load().Mistakes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("claude-*", "Claude-3", true)]
    [InlineData("claude-*", "claude", false)]
    [InlineData("*", "", true)]
    [InlineData("a*b*c", "a1b2b3c", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("ab*ba", "aba", false)]
    [InlineData("exact", "EXACT", true)]
    [InlineData("exact", "exactly", false)]
    public void Matches_Wildcards_AsPeopleExpect(string pattern, string name, bool expected) => Assert.Equal(expected, KnownTargets.Matches(pattern, name));

    [Fact]
    public void DefaultStrategy_WeightedWithoutAnyWeight_IsAMistake() => OperatorFolder.LoadFile("""
        { "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "Weight": 0 } ], "Routing": { "DefaultStrategy": "weighted" } }
        """).HasMistake("every LLM has weight 0");

    [Fact]
    public void PredefinedChain_NamedByOthers_IsNoMistake() => OperatorFolder.LoadFile("""
        { "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "Fallbacks": ["local_only"] } ],
          "Aliases": { "best": "high_quality" }, "Chains": { "mine": ["chain:local_only", "a"] } }
        """).WithoutMistakes();
}
