using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Configuration;

public sealed class ConfigurationLoaderTests
{
    [Fact]
    public void Load_SourcesOverTheSameSetting_LaterOnesWin()
    {
        using var folder = new OperatorFolder { EnvironmentName = "Staging" };
        folder.Write("appsettings.json", """{ "LlmProxy": { "Limits": { "MaxPromptChars": 1, "MaxMessages": 1, "QueueSeconds": 1, "RequestsPerMinute": 1, "MaxParallel": 1, "KeepAliveSeconds": 1 } } }""");
        folder.Write("appsettings.Staging.json", """{ "LlmProxy": { "Limits": { "MaxMessages": 2, "QueueSeconds": 2, "RequestsPerMinute": 2, "MaxParallel": 2, "KeepAliveSeconds": 2 } } }""");
        folder.WithConfigFile("""{ "Limits": { "QueueSeconds": 3, "RequestsPerMinute": 3, "MaxParallel": 3, "KeepAliveSeconds": 3 } }""");
        folder.Variables["LLM_RATE_LIMIT_RPM"] = "4";
        folder.Variables["LlmProxy__Limits__QueueSeconds"] = "5";
        folder.Variables["LLMPROXY__LIMITS__MAXPARALLEL"] = "5";
        folder.Arguments.AddRange(["--urls", "http://localhost:1", "--LlmProxy:Limits:KeepAliveSeconds=6"]);

        LimitsOptions limits = folder.Load().WithoutMistakes().Options.Limits;

        Assert.Equal((1, 2, 5, 4, 5, 6), (limits.MaxPromptChars, limits.MaxMessages, limits.QueueSeconds, limits.RequestsPerMinute, limits.MaxParallel, limits.KeepAliveSeconds));
    }

    [Fact]
    public void Load_StoredSection_WinsOverTheCommandLine()
    {
        using var folder = new OperatorFolder();
        folder.Arguments.Add("--LlmProxy:Limits:MaxParallel=1");
        folder.Stored.Add(new("the database", """{ "Limits": { "MaxParallel": 2 } }"""));

        var loaded = folder.Load().WithoutMistakes();

        Assert.Equal(2, loaded.Options.Limits.MaxParallel);
        Assert.Contains("the database", loaded.Sources);
    }

    [Theory]
    [InlineData("""{ "LlmProxy": { "Limits": { "MaxParallel": 7 } } }""")]
    [InlineData("""{ "llmproxy": { "limits": { "maxparallel": "7" } } }""")]
    [InlineData("""{ "Limits": { "MaxParallel": 7 } }""")]
    [InlineData("{ // why\n \"$schema\": \"x\", \"Limits\": { \"MaxParallel\": 7, /* more */ }, }")]
    [InlineData("\uFEFF{ \"Limits\": { \"MaxParallel\": 7.0 } }")]
    public void Load_ConfigFileInEveryForm_IsRead(string content) =>
        Assert.Equal(7, OperatorFolder.LoadFile(content).WithoutMistakes().Options.Limits.MaxParallel);

    [Fact]
    public void Load_ElementsOfOneName_AreReplacedWhole()
    {
        using var folder = new OperatorFolder();
        folder.Write("appsettings.json", """
            { "LlmProxy": {
              "Llms": [ { "Name": "A", "Provider": "custom", "Model": "old", "BaseUrl": "http://old", "Auth": { "api_key": "old" } }, { "Name": "b", "Provider": "openai", "Model": "m" } ],
              "Keys": [ { "Name": "k", "Key": "k1", "MaxParallel": 3 } ],
              "Workspaces": [ { "Name": "w", "MaxParallel": 3 } ],
              "Chains": { "c": { "Llms": ["A", "b"], "Strategy": "weighted" }, "d": ["A"] },
              "Aliases": { "x": "A", "y": "A" },
              "Auth": { "Mode": "keys", "TrustedProxies": ["10.0.0.1", "10.0.0.2"] } } }
            """);
        folder.WithConfigFile("""
            { "Llms": [ { "Name": "a", "Provider": "openai", "Model": "new" }, { "Name": "c", "Provider": "openai", "Model": "m" } ],
              "Keys": [ { "Name": "K", "Key": "k2" } ],
              "Workspaces": [ { "Name": "W" } ],
              "Chains": { "C": ["b"] },
              "Aliases": { "Y": "b" },
              "Auth": { "TrustedProxies": ["10.0.0.3"] } }
            """);

        GatewayOptions options = folder.Load().Options;

        Assert.Equal(["a", "b"], options.Llms.Take(2).Select(llm => llm.Name));
        Assert.Equal(("new", "", 0), (options.Llms[0].Model, options.Llms[0].BaseUrl, options.Llms[0].Auth.Values.Count));
        KeyOptions key = Assert.Single(options.Keys);
        Assert.Equal(("k2", 0), (key.Key!.Reveal(), key.MaxParallel));
        Assert.Equal(0, Assert.Single(options.Workspaces).MaxParallel);
        Assert.Equal(["b"], options.Chains["c"].Llms);
        Assert.Equal("", options.Chains["c"].Strategy);
        Assert.Equal(["A"], options.Chains["d"].Llms);
        Assert.Equal(("A", "b"), (options.Aliases["x"], options.Aliases["y"]));
        Assert.Equal(AuthMode.Keys, options.Auth.Mode);
        Assert.Equal(["10.0.0.3"], options.Auth.TrustedProxies);
    }

    [Fact]
    public void Load_NullInALaterSource_BringsTheDefaultBack()
    {
        using var folder = new OperatorFolder();
        folder.Write("appsettings.json", """{ "LlmProxy": { "Limits": { "QueueSeconds": 9 }, "Routing": { "Fallback": false } } }""");
        folder.WithConfigFile("""{ "Limits": { "QueueSeconds": null }, "Routing": null }""");

        GatewayOptions options = folder.Load().WithoutMistakes().Options;

        Assert.Equal(0, options.Limits.QueueSeconds);
        Assert.Null(options.Routing.Fallback);
    }

    [Fact]
    public void Load_VariablesForWholeElements_BuildListsAndMaps()
    {
        var loaded = OperatorFolder.LoadVariables(
            ("LlmProxy__Llms__10__Name", "second"),
            ("LlmProxy__Llms__10__Provider", "openai"),
            ("LlmProxy__Llms__10__Model", "m"),
            ("LlmProxy__Llms__2__Name", "first"),
            ("LlmProxy__Llms__2__Provider", "custom"),
            ("LlmProxy__Llms__2__Model", "m"),
            ("LlmProxy__Llms__2__Destinations__0", "http://a"),
            ("LlmProxy__Llms__2__Destinations__1", "http://b"),
            ("LlmProxy__Llms__2__Capabilities", "code, tools"),
            ("LlmProxy__Llms__2__Auth__api_keys__0", "k1"),
            ("LlmProxy__Llms__2__Auth__api_keys__1", "k2"),
            ("LlmProxy__Llms__2__Headers__X-Team", "blue"),
            ("LlmProxy__Llms__2__Config__temperature", "0.3"),
            ("LlmProxy__Llms__2__Config__stop__0", "END"),
            ("LlmProxy__Llms__2__Config__user", "0123"),
            ("LlmProxy__Llms__2__InputPricePerMillion", "2.50"),
            ("LlmProxy__Chains__both__0", "first"),
            ("LlmProxy__Chains__both__1", "second"),
            ("LlmProxy__Chains__short", "second,first"),
            ("LlmProxy__Chains__long__Llms__0", "second"),
            ("LlmProxy__Chains__long__Strategy", "weighted"),
            ("LlmProxy__Aliases__4", "first"),
            ("LlmProxy__Routing__Defaults__embeddings", "second"),
            ("LlmProxy__Keys", """[ { "Name": "ci", "Key": "k" } ]""")).WithoutMistakes();

        Assert.Equal(["first", "second"], loaded.Options.Llms.Select(llm => llm.Name));
        LlmOptions first = loaded.Llm("first");
        Assert.Equal(["http://a", "http://b"], first.Destinations);
        Assert.Equal(["code", "tools"], first.Capabilities);
        Assert.Equal(["k1", "k2"], first.Auth.ApiKeys.Select(key => key.Reveal()));
        Assert.Equal("blue", first.Headers["x-team"]);
        Assert.Equal("""{"stop":["END"],"temperature":0.3,"user":"0123"}""", first.Config.ToJsonString());
        Assert.Equal(2.5m, first.InputPricePerMillion);
        Assert.Equal(["first", "second"], loaded.Options.Chains["both"].Llms);
        Assert.Equal(["second", "first"], loaded.Options.Chains["short"].Llms);
        Assert.Equal("weighted", loaded.Options.Chains["long"].Strategy);
        Assert.Equal("first", loaded.Options.Aliases["4"]);
        Assert.Equal("second", loaded.Options.Routing.Defaults["embeddings"]);
        Assert.Equal("ci", Assert.Single(loaded.Options.Keys).Name);
    }

    [Fact]
    public void Load_VariableAndFileWithTheSameLlm_DoNotMixTheirParts()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""{ "Llms": [ { "Name": "a", "Provider": "custom", "Model": "m", "BaseUrl": "http://file", "Auth": { "api_key": "file" } } ] }""");
        folder.Variables["LlmProxy__Llms__0__Name"] = "b";
        folder.Variables["LlmProxy__Llms__0__Provider"] = "openai";
        folder.Variables["LlmProxy__Llms__0__Model"] = "m";

        var loaded = folder.Load().WithoutMistakes();

        Assert.Equal("http://file", loaded.Llm("a").BaseUrl);
        Assert.Equal("", loaded.Llm("b").BaseUrl);
        Assert.Empty(loaded.Llm("b").Auth.Values);
    }

    [Theory]
    [InlineData("--LlmProxy:Limits:MaxParallel=5")]
    [InlineData("--LlmProxy:Limits:MaxParallel", "5")]
    [InlineData("/LlmProxy:Limits:MaxParallel=5")]
    [InlineData("/LlmProxy:Limits:MaxParallel", "5")]
    [InlineData("LlmProxy:Limits:MaxParallel=5")]
    [InlineData("--urls", "--LlmProxy:Limits:MaxParallel=4", "--LlmProxy:Limits:MaxParallel", "5")]
    public void Load_ArgumentInEveryFormOfAspNet_IsRead(params string[] arguments)
    {
        using var folder = new OperatorFolder();
        folder.Arguments.AddRange(arguments);

        Assert.Equal(5, folder.Load().WithoutMistakes().Options.Limits.MaxParallel);
    }

    [Fact]
    public void Load_ConfigFileThatIsNotThere_IsAMistakeAndWatched()
    {
        using var folder = new OperatorFolder();
        folder.Variables["LLMPROXY_CONFIG_FILE"] = "missing.json";

        var loaded = folder.Load();

        Assert.Equal($"LLMPROXY_CONFIG_FILE: the file {folder.PathOf("missing.json")} does not exist", Assert.Single(loaded.Mistakes));
        Assert.Contains(loaded.WatchedFiles, file => file.Path == folder.PathOf("missing.json") && file.Mark == "");
    }

    [Fact]
    public void Load_AppSettings_ComeFromTheContentRootElseFromBesideTheProgram()
    {
        using var folder = new OperatorFolder();
        using var program = new OperatorFolder();
        program.Write("appsettings.json", """{ "LlmProxy": { "Limits": { "MaxParallel": 1 } } }""");
        program.Write("appsettings.Production.json", """{ "LlmProxy": { "Limits": { "QueueSeconds": 1 } } }""");
        folder.Write("appsettings.json", """{ "AllowedHosts": "*", "LlmProxy": { "Limits": { "MaxParallel": 2 } } }""");

        var loaded = new LlmProxy.Configuration.ConfigurationLoader(folder.Input with { BaseDirectory = program.PathOf("") }).Load().WithoutMistakes();

        Assert.Equal((2, 1), (loaded.Options.Limits.MaxParallel, loaded.Options.Limits.QueueSeconds));
        Assert.Equal([folder.PathOf("appsettings.json"), program.PathOf("appsettings.Production.json")], loaded.Sources);
    }

    [Fact]
    public void Load_Sources_NameFilesVariablesAndArgumentsButNoValues()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""{ "Auth": { "AdminKey": "file:admin.txt" }, "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "Auth": { "api_key_env": "MY_KEY" } } ] }""");
        folder.Write("admin.txt", "sesame-admin\n");
        folder.Variables["MY_KEY"] = "sesame-key";
        folder.Variables["LlmProxy__Limits__MaxParallel"] = "3";
        folder.Variables["LLM_RATE_LIMIT_RPM"] = "3";
        folder.Variables["UNRELATED"] = "x";
        folder.Arguments.Add("--LlmProxy:Limits:QueueSeconds=3");
        folder.EnvFile = new(folder.PathOf(".env"), new Dictionary<string, string> { ["MY_KEY"] = "sesame-key" }, []);

        var loaded = folder.Load().WithoutMistakes();

        Assert.Equal(
            [
                folder.PathOf("gateway.json"),
                $"{folder.PathOf(".env")}: MY_KEY",
                "environment: LLMPROXY_CONFIG_FILE, LLM_RATE_LIMIT_RPM, LlmProxy__Limits__MaxParallel",
                "command line: LlmProxy:Limits:QueueSeconds",
            ],
            loaded.Sources);
        Assert.Contains(loaded.WatchedFiles, file => file.Path == folder.PathOf("admin.txt") && file.Mark.Length > 0);
        Assert.Equal("sesame-admin", loaded.Options.Auth.AdminKey!.Reveal());
    }

    [Fact]
    public void Load_DatabaseOtherThanTheDefault_IsAFact()
    {
        Assert.False(OperatorFolder.LoadVariables().DatabaseIsConfigured);
        Assert.True(OperatorFolder.LoadVariables(("DATABASE_URL", "postgresql://u:p@db/x")).DatabaseIsConfigured);
        Assert.True(OperatorFolder.LoadFile("""{ "Database": { "Connection": "Data Source=other.db" } }""").DatabaseIsConfigured);
    }

    [Fact]
    public void Load_Zero_MeansTheLargestThatTimersAndBuffersTake()
    {
        var loaded = OperatorFolder.LoadFile("""
            { "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "TimeoutSeconds": 0, "FirstTokenTimeoutSeconds": 0, "IdleTimeoutSeconds": 0 } ],
              "Resilience": { "DeadlineSeconds": 0, "ConnectSeconds": 0 }, "Limits": { "MaxBodyBytes": 0, "BodySeconds": 0 },
              "Cache": { "TtlSeconds": 0, "MaxEntries": 0, "MaxBytes": 0 }, "Journal": { "MaxBytes": 0 } }
            """).WithoutMistakes();

        LlmOptions llm = loaded.Llm("a");
        Assert.All(
            new[] { llm.TimeoutSeconds, llm.FirstTokenTimeoutSeconds, llm.IdleTimeoutSeconds, loaded.Options.Resilience.DeadlineSeconds, loaded.Options.Resilience.ConnectSeconds, loaded.Options.Limits.BodySeconds },
            seconds => Assert.InRange(TimeSpan.FromSeconds(seconds).TotalMilliseconds, 1, int.MaxValue));
        Assert.Equal(Array.MaxLength, loaded.Options.Limits.MaxBodyBytes);
        Assert.Equal((int.MaxValue, long.MaxValue), (loaded.Options.Cache.MaxEntries, loaded.Options.Cache.MaxBytes));
    }

    [Fact]
    public void EnvironmentName_OfAspNetWinsOverDevelopmentMode()
    {
        static string Name(string[] arguments, params (string, string)[] variables) =>
            LlmProxy.Configuration.ConfigurationInput.EnvironmentNameOf(variables.ToDictionary(v => v.Item1, v => v.Item2), arguments);

        Assert.Equal("Production", Name([]));
        Assert.Equal("Development", Name([], ("DEVELOPMENT_MODE", "true")));
        Assert.Equal("Production", Name([], ("DEVELOPMENT_MODE", "false")));
        Assert.Equal("Staging", Name([], ("DEVELOPMENT_MODE", "true"), ("ASPNETCORE_ENVIRONMENT", "Staging")));
        Assert.Equal("Other", Name([], ("DOTNET_ENVIRONMENT", "Other")));
        Assert.Equal("Arg", Name(["--environment", "Arg"], ("ASPNETCORE_ENVIRONMENT", "Staging")));
    }
}
