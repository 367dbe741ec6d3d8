using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Configuration;

/// <summary>Which LLMs there are, when several places may name some and none has to.</summary>
public sealed class LlmSourceTests
{
    private const string OneLlm = """{ "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m" } ] }""";

    [Fact]
    public void Load_WithNothingAtAll_AddsTheDummyAsImplied()
    {
        var loaded = OperatorFolder.LoadVariables().WithoutMistakes();

        LlmOptions dummy = Assert.Single(loaded.Options.Llms);
        Assert.Equal(("dummy", "dummy", "dummy", true), (dummy.Name, dummy.Provider, dummy.Model, dummy.IsDefault));
        Assert.True(loaded.DummyIsImplied);
        Assert.False(loaded.DummyWasNamed);
        Assert.False(loaded.LlmsFromEnvironment);
        Assert.Null(loaded.Options.Auth.AdminKey);
        Assert.Empty(loaded.Warnings);
        Assert.Empty(loaded.Sources);
    }

    [Fact]
    public void Load_LlmsOfEverySource_KnowWhereTheyWereWritten()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""{ "EnvironmentLlms": "always", "Llms": [ { "Name": "a", "Provider": "dummy", "Model": "a" }, { "Name": "b", "Provider": "dummy", "Model": "b" } ] }""");
        folder.Variables["MISTRAL_API_KEY"] = "key";
        folder.Variables["LlmProxy__Llms__0__Name"] = "c";
        folder.Variables["LlmProxy__Llms__0__Provider"] = "dummy";
        folder.Variables["LlmProxy__Llms__0__Model"] = "c";
        folder.Arguments.AddRange(["--LlmProxy:Llms:0:Name=b", "--LlmProxy:Llms:0:Provider=dummy", "--LlmProxy:Llms:0:Model=b2"]);

        Dictionary<string, LlmSource> sources = folder.Load().WithoutMistakes().Options.Llms.ToDictionary(llm => llm.Name, llm => llm.Source);

        Assert.Equal((LlmSource.File, LlmSource.CommandLine, LlmSource.Environment, LlmSource.Environment), (sources["a"], sources["b"], sources["c"], sources["mistral"]));
        using var empty = new OperatorFolder();
        Assert.Equal(LlmSource.Builtin, Assert.Single(empty.Load().Options.Llms).Source);
    }

    [Theory]
    [InlineData("auto", false)]
    [InlineData("always", true)]
    [InlineData("never", false)]
    public void Load_LlmInAFile_LetsShortcutsMakeMoreOnlyWhenAlways(string mode, bool makes)
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile(OneLlm);
        folder.Variables["OPENAI_API_KEY"] = "k";
        folder.Variables["LLM_BACKEND"] = "openai";
        folder.Variables["LlmProxy__EnvironmentLlms"] = mode;

        var loaded = folder.Load().WithoutMistakes();

        Assert.Equal(makes, loaded.Options.Llms.Exists(llm => llm.Name == "openai"));
        Assert.Equal(makes, loaded.LlmsFromEnvironment);
        Assert.Equal(!makes, loaded.Warnings.Any(line => line.StartsWith("LLM_BACKEND: is not used", StringComparison.Ordinal)));
    }

    [Fact]
    public void Load_NeverWithoutAnyLlm_LeavesTheDummy()
    {
        var loaded = OperatorFolder.LoadVariables(("LlmProxy__EnvironmentLlms", "never"), ("OPENAI_API_KEY", "k")).WithoutMistakes();

        Assert.Equal(["dummy"], loaded.LlmNames());
        Assert.True(loaded.DummyIsImplied);
    }

    [Theory]
    [InlineData("LlmProxy__Llms__0__")]
    [InlineData("arguments")]
    [InlineData("stored")]
    public void Load_LlmNamedAnywhere_KeepsShortcutsQuiet(string where)
    {
        using var folder = new OperatorFolder();
        folder.Variables["OPENAI_API_KEY"] = "k";
        foreach ((string name, string value) in new[] { ("Name", "a"), ("Provider", "openai"), ("Model", "m") })
        {
            if (where == "arguments")
            {
                folder.Arguments.Add($"--LlmProxy:Llms:0:{name}={value}");
            }
            else if (where != "stored")
            {
                folder.Variables[where + name] = value;
            }
        }

        if (where == "stored")
        {
            folder.Stored.Add(new("the database", OneLlm));
        }

        Assert.Equal(["a"], folder.Load().WithoutMistakes().LlmNames());
    }

    [Fact]
    public void Load_DefaultsOfFileAndShortcutsTogether_OneStands()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""{ "EnvironmentLlms": "always", "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "IsDefault": true } ] }""");
        folder.Variables["OPENAI_API_KEY"] = "k";

        Assert.Equal("a", Assert.Single(folder.Load().WithoutMistakes().Options.Llms, llm => llm.IsDefault).Name);

        folder.Variables["LLM_BACKEND"] = "openai";
        var chosen = folder.Load().WithoutMistakes();
        Assert.Equal("openai", Assert.Single(chosen.Options.Llms, llm => llm.IsDefault).Name);
        chosen.HasWarning("LLM_BACKEND: makes openai the default instead of a");

        folder.Arguments.AddRange(["--LlmProxy:Llms:0:Name=b", "--LlmProxy:Llms:0:Provider=openai", "--LlmProxy:Llms:0:Model=m", "--LlmProxy:Llms:0:IsDefault=true"]);
        folder.WithConfigFile("""{ "EnvironmentLlms": "always" }""");
        Assert.Equal("b", Assert.Single(folder.Load().WithoutMistakes().Options.Llms, llm => llm.IsDefault).Name);
    }

    [Fact]
    public void Load_DummyInAFile_WasNamed()
    {
        var loaded = OperatorFolder.LoadFile("""{ "Llms": [ { "Name": "try", "Provider": "dummy", "Model": "dummy" } ] }""").WithoutMistakes();

        Assert.True(loaded.DummyWasNamed);
        Assert.False(loaded.DummyIsImplied);
    }
}
