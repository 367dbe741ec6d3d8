namespace LlmProxy.Tests.Configuration;

public sealed class MistakeTests
{
    [Fact]
    public void Load_ManyMistakes_AreAllToldAtOnceWithKeyFileAndLine()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""
            {
              "Limits": { "MaxParallel": "many", "QueueSecond": 3, "KeepAliveSeconds": -1 },
              "Llms": [
                { "Name": "a", "Provider": "opnai", "Model": "m" },
                { "Name": "b", "Provider": "openai", "Priority": "abc", "Auth": { "api_kee": "x" }, "BaseUrl": "ftp://x" },
                { "Provider": "openai", "Model": "m", "Quality": 101, "Fallbacks": ["aa"] }
              ],
              "Keys": [ { "Name": "k", "Key": "env:NO_SUCH_KEY" }, { "Name": "bad,name", "Key": "x" } ],
              "Chains": { "c": ["a", "A", "nobody"], "d": [] },
              "Aliases": { "x": "y", "y": "x" },
              "Routing": { "ReplicaPolicy": "fastest", "Fallback": "perhaps" },
              "Auth": "open"
            }
            """);
        folder.Variables["LlmProxy__Metrics__Port"] = "70000";
        string file = folder.PathOf("gateway.json");

        var loaded = folder.Load();

        string[] expected =
        [
            $"LlmProxy:Limits:MaxParallel: \"many\" is not a whole number ({file}, line 2)",
            $"LlmProxy:Limits:QueueSecond: is unknown; did you mean QueueSeconds? ({file}, line 2)",
            $"LlmProxy:Limits:KeepAliveSeconds: \"-1\" is below the least that is allowed, 0 ({file}, line 2)",
            $"LlmProxy:Llms[0]:Provider: \"opnai\" is no provider that is known; did you mean openai? (known: anthropic, azure, bedrock, custom, dummy, fireworks, gemini, litellm, mistral, ollama, openai, together, vertex, vllm) ({file}, line 4)",
            $"LlmProxy:Llms[1]:Model: is required ({file}, line 5)",
            $"LlmProxy:Llms[1]:Priority: \"abc\" is not a whole number ({file}, line 5)",
            $"LlmProxy:Llms[1]:Auth:api_kee: is unknown; did you mean api_key? (provider openai takes api_key, base_url, organization, each also with _env) ({file}, line 5)",
            $"LlmProxy:Llms[1]:BaseUrl: must be a whole address that begins with http:// or https:// ({file}, line 5)",
            $"LlmProxy:Llms[2]:Name: is required ({file}, line 6)",
            $"LlmProxy:Llms[2]:Quality: \"101\" is above the most that is allowed, 100 ({file}, line 6)",
            $"LlmProxy:Llms[2]:Fallbacks: \"aa\" is no LLM or chain that is configured; did you mean a? ({file}, line 6)",
            $"LlmProxy:Keys[0]:Key: NO_SUCH_KEY is not set ({file}, line 8)",
            $"LlmProxy:Keys[1]:Name: a name must not hold a comma, which separates names in lists ({file}, line 8)",
            $"LlmProxy:Chains:c: names \"A\" twice ({file}, line 9)",
            $"LlmProxy:Chains:c: \"nobody\" is no LLM or chain that is configured ({file}, line 9)",
            $"LlmProxy:Chains:d: must name at least one ({file}, line 9)",
            $"LlmProxy:Aliases:x: leads back to itself: x → y → x ({file}, line 10)",
            $"LlmProxy:Aliases:y: leads back to itself: y → x → y ({file}, line 10)",
            $"LlmProxy:Routing:ReplicaPolicy: \"fastest\" is not one of least_requests, round_robin, prefix_affinity, least_load, session ({file}, line 11)",
            $"LlmProxy:Routing:Fallback: \"perhaps\" is not true or false ({file}, line 11)",
            $"LlmProxy:Auth: must be an object: {{ ... }} ({file}, line 12)",
            "LlmProxy:Metrics:Port: \"70000\" is above the most that is allowed, 65535 (LlmProxy__Metrics__Port)",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), loaded.Mistakes.Order(StringComparer.Ordinal));
        Assert.False(loaded.IsValid);
    }

    [Theory]
    [InlineData("{\n  \"Limits\": {\n    \"MaxParallel\": 1\n    \"QueueSeconds\": 2\n  }\n}", ", line 4, column")]
    [InlineData("{ \"Keys\": [ { \"Name\": \"k\", \"Key\": tsecret-value } ] }", "line 1")]
    [InlineData("{ \"Keys\": [ { \"Key\": \"secret-value } ] }", "line 1")]
    [InlineData("", "line 1")]
    [InlineData("{} {}", "line 1")]
    [InlineData("[1]", "must hold an object")]
    [InlineData("\"text\"", "must hold an object")]
    [InlineData("{ \"LlmProxy\": [] }", "LlmProxy: must be an object")]
    public void Load_BrokenJson_NamesFileAndPlaceAndQuotesNothing(string content, string part)
    {
        var loaded = OperatorFolder.LoadFile(content);

        string mistake = Assert.Single(loaded.Mistakes);
        Assert.Contains("gateway.json", mistake, StringComparison.Ordinal);
        Assert.Contains(part, mistake, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FileThatIsNotUtf8_IsAMistake()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("");
        File.WriteAllBytes(folder.PathOf("gateway.json"), [(byte)'{', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}']);

        folder.Load().HasMistake("gateway.json: the file is not UTF-8 text");
    }

    [Theory]
    [InlineData("{ \"Limits\": { \"MaxParallel\": 1,\n\"maxparallel\": 2 } }", "LlmProxy:Limits:maxparallel: is written twice, first in line 1")]
    [InlineData("""{ "Limits": {}, "LIMITS": {} }""", "LlmProxy:LIMITS: is written twice")]
    [InlineData("""{ "LlmProxy": {}, "llmproxy": {} }""", "llmproxy: is written twice")]
    [InlineData("""{ "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "Config": { "x": 1, "x": 2 } } ] }""", "LlmProxy:Llms[0]:Config:x: is written twice")]
    public void Load_KeyWrittenTwice_IsAMistake(string content, string part) => OperatorFolder.LoadFile(content).HasMistake(part);

    [Fact]
    public void Load_VendorFieldsThatDifferInCase_AreTwoFields() =>
        Assert.Equal(
            """{"A":1,"a":{"B":2,"b":3}}""",
            OperatorFolder.LoadFile("""{ "Llms": [ { "Name": "x", "Provider": "openai", "Model": "m", "Config": { "A": 1, "a": { "B": 2, "b": 3 } } } ] }""").WithoutMistakes().Llm("x").Config.ToJsonString());

    [Theory]
    [InlineData("Llms", """[ { "Name": "same", "Provider": "openai", "Model": "m" }, { "Name": "SAME", "Provider": "openai", "Model": "m" } ]""")]
    [InlineData("Keys", """[ { "Name": "same", "Key": "a" }, { "Name": "SAME", "Key": "b" } ]""")]
    [InlineData("Workspaces", """[ { "Name": "same" }, { "Name": "SAME" } ]""")]
    public void Load_TwoElementsOfOneNameInOneSource_IsAMistake(string list, string content) =>
        OperatorFolder.LoadFile($"{{ \"{list}\": {content} }}").HasMistake($"LlmProxy:{list}[1]:Name: \"SAME\" is also the name of LlmProxy:{list}[0]");

    [Theory]
    [InlineData("appsettings.json", """{ "Llms": [] }""", "Llms: stands beside the section LlmProxy")]
    [InlineData("appsettings.json", """{ "Logging": {}, "Kestrel": {}, "LlmProxy": { "Limit": 1 } }""", "LlmProxy:Limit: is unknown; did you mean Limits?")]
    public void Load_KeysInTheWrongPlaceOfAppSettings_AreMistakes(string name, string content, string part)
    {
        using var folder = new OperatorFolder();
        folder.Write(name, content);

        Assert.Contains(part, Assert.Single(folder.Load().Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OtherSectionsInTheConfigFile_AreSaid()
    {
        var loaded = OperatorFolder.LoadFile("""{ "LlmProxy": {}, "Kestrel": {}, "Llms": [] }""");

        Assert.StartsWith("Llms: stands beside the section LlmProxy", Assert.Single(loaded.Mistakes), StringComparison.Ordinal);
        loaded.HasWarning("Kestrel: is read from appsettings.json only");
    }

    [Theory]
    [InlineData("LlmProxy__Limits__", "x", "a part of the name is empty")]
    [InlineData("LlmProxy__Nonsense", "x", "LlmProxy:Nonsense: is unknown (LlmProxy__Nonsense)")]
    [InlineData("LlmProxy__Llms", "{ broken", "LlmProxy__Llms, line 1")]
    [InlineData("LlmProxy__Llms__first__Name", "x", "LlmProxy:Llms: must be a list")]
    [InlineData("LlmProxy__Llms__0", "x", "LlmProxy:Llms[0]: must be an object")]
    [InlineData("LlmProxy__Cache__Enabled", "maybe", "\"maybe\" is not true or false (LlmProxy__Cache__Enabled)")]
    [InlineData("LlmProxy__Limits__MaxParallel", "99999999999", "is not a whole number")]
    [InlineData("LlmProxy__Limits__MaxParallel", "1.5", "is not a whole number")]
    [InlineData("LlmProxy__Llms__0__Priority", "5", "LlmProxy:Llms[0]:Name: is required")]
    public void Load_WrongVariable_IsAMistake(string name, string value, string part) => OperatorFolder.LoadVariables((name, value)).HasMistake(part);

    [Fact]
    public void Load_SettingWrittenInTwoWays_IsAMistake()
    {
        OperatorFolder.LoadVariables(("LlmProxy__Limits", "5"), ("LlmProxy__Limits__MaxParallel", "5")).HasMistake("has a value of its own and parts as well");
        OperatorFolder.LoadVariables(("LLMPROXY__Limits__MaxParallel", "5"), ("LlmProxy__Limits__MaxParallel", "6")).HasMistake("is the same setting as");
    }

    [Fact]
    public void Load_EmptyText_LeavesNumbersAndChoicesAtTheirDefault()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LlmProxy__Limits__KeepAliveSeconds", ""), ("LlmProxy__Cache__Enabled", ""), ("LlmProxy__Auth__Mode", ""), ("LlmProxy__Redis__Connection", "")).WithoutMistakes();

        Assert.Equal(45, loaded.Options.Limits.KeepAliveSeconds);
        Assert.Null(loaded.Options.Auth.Mode);
    }

    [Theory]
    [InlineData("prefix_affinity")]
    [InlineData("PrefixAffinity")]
    [InlineData("PREFIX-AFFINITY")]
    public void Load_Choices_AreReadInEveryCase(string written) =>
        Assert.Equal(
            LlmProxy.Configuration.Options.ReplicaPolicy.PrefixAffinity,
            OperatorFolder.LoadVariables(("LlmProxy__Routing__ReplicaPolicy", written)).WithoutMistakes().Options.Routing.ReplicaPolicy);

    [Theory]
    [InlineData("2030-12-31", "2030-12-31T00:00:00+00:00")]
    [InlineData("2030-12-31T18:00:00Z", "2030-12-31T18:00:00+00:00")]
    [InlineData("2030-12-31T18:00:00.5+02:00", "2030-12-31T18:00:00.5+02:00")]
    public void Load_Dates_AreReadAsIso(string written, string expected) =>
        Assert.Equal(
            DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture),
            OperatorFolder.LoadFile($$"""{ "Keys": [ { "Name": "k", "Key": "x", "ExpiresAt": "{{written}}" } ] }""").WithoutMistakes().Options.Keys[0].ExpiresAt);

    [Fact]
    public void Load_DateInAnotherForm_IsAMistake() =>
        OperatorFolder.LoadFile("""{ "Keys": [ { "Name": "k", "Key": "x", "ExpiresAt": "31.12.2030" } ] }""").HasMistake("is not a date such as 2030-12-31");

    [Fact]
    public void Load_Secrets_AreInNoLine()
    {
        const string Secret = "s3cr3t";
        using var folder = new OperatorFolder();
        folder.WithConfigFile($$"""
            { "Auth": { "AdminKey": "{{Secret}} with space", "Mode": "env:SECRET" },
              "Keys": [ { "Name": "a", "Key": "{{Secret}}" }, { "Name": "b", "Key": "{{Secret}}" }, { "Name": "c", "Key": "{{Secret}}\u0001" }, { "Name": "d", "Key": ["{{Secret}}"] } ],
              "Llms": [ { "Name": "x", "Provider": "openai", "Model": "m", "BaseUrl": "http://user:{{Secret}}@host", "Priority": "env:SECRET",
                          "Auth": { "api_key": ["{{Secret}}"], "api_key_env": "{{Secret}}-is-no-name", "organization_env": "{{Secret}}" }, "Headers": { "X-A": "{{Secret}}\n" } },
                        { "Name": "z", "Provider": "env:SECRET", "Model": "m" }, { "Name": "y", "Provider": "openai", "Model": "m", "Auth": { "api_key_env": "abcdefgh{{Secret}}abcdefgh", "nonsense": "{{Secret}}" } } ],
              "Redis": { "Connection": "redis://:{{Secret}}@host" }, "Database": { "Connection": "postgresql://u:{{Secret}}@host/db", "RetentionDays": "file:secret.txt" },
              "Guards": { "Webhook": { "Url": "https://u:{{Secret}}@hook" } }, "Alerts": { "WebhookUrl": "{{Secret}}" } }
            """);
        folder.Write("secret.txt", Secret);
        folder.Variables["SECRET"] = Secret;
        folder.Variables["CUSTOM_LLM_HEADERS"] = $"{{ \"X\": {Secret} }}";
        folder.Variables["OPENAI_API_KEY"] = Secret;
        folder.Variables["LlmProxy__EnvironmentLlms"] = "always";
        folder.Variables["CUSTOM_LLM_URL"] = $"http://u:{Secret}@h";
        folder.Variables["DATABASE_URL"] = $"mysql://u:{Secret}@h";
        folder.Variables["LLMPROXY_API_KEY"] = Secret;

        var loaded = folder.Load();

        Assert.NotEmpty(loaded.Mistakes);
        Assert.All([.. loaded.Mistakes, .. loaded.Warnings, .. loaded.Sources], line => Assert.DoesNotContain(Secret, line, StringComparison.OrdinalIgnoreCase));
        Assert.All(loaded.Options.Llms.SelectMany(llm => llm.Auth.Missing), line => Assert.DoesNotContain("abcdefgh", line, StringComparison.Ordinal));
    }
}
