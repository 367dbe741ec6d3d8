using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Configuration.Binding;

public sealed class ReferenceTests
{
    [Fact]
    public void Reference_AnywhereInTheTree_StandsForItsValue()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""
            { "Limits": { "MaxParallel": "env:PARALLEL" }, "Redis": { "Connection": "file:redis.txt" },
              "Llms": [ { "Name": "a", "Provider": "env:PROVIDER", "Model": "file:model.txt", "Fallbacks": "env:OTHERS", "Capabilities": ["env:ABILITY"],
                          "Headers": { "X-Team": "env:TEAM" }, "Config": { "temperature": "env:TEMPERATURE", "user": "env:TEAM", "stop": ["file:model.txt"] } },
                        { "Name": "b", "Provider": "openai", "Model": "m" }, { "Name": "c", "Provider": "openai", "Model": "m" } ],
              "Chains": { "all": "env:OTHERS" } }
            """);
        folder.Write("redis.txt", "localhost:6379\r\n");
        folder.Write("model.txt", "\uFEFFgpt-4o\n\n");
        folder.Variables["PARALLEL"] = "4";
        folder.Variables["PROVIDER"] = "OpenAI";
        folder.Variables["OTHERS"] = "b, c";
        folder.Variables["ABILITY"] = "code";
        folder.Variables["TEAM"] = "blue";
        folder.Variables["TEMPERATURE"] = "0.5";

        var loaded = folder.Load();

        // Only the chain is refused: written in JSON, a text is no list.
        Assert.Contains("LlmProxy:Chains:all: must be a list", Assert.Single(loaded.Mistakes), StringComparison.Ordinal);
        LlmOptions a = loaded.Llm("a");
        Assert.Equal(("openai", "gpt-4o\n"), (a.Provider, a.Model));
        Assert.Equal(["b", "c"], a.Fallbacks);
        Assert.Equal(["code"], a.Capabilities);
        Assert.Equal("blue", a.Headers["X-Team"]);
        Assert.Equal("""{"temperature":0.5,"user":"blue","stop":["gpt-4o\n"]}""", a.Config.ToJsonString());
        Assert.Equal(4, loaded.Options.Limits.MaxParallel);
        Assert.Equal("localhost:6379", loaded.Options.Redis.Connection);
    }

    [Theory]
    [InlineData("\"env:NOT_THERE\"", "LlmProxy:Redis:Connection: NOT_THERE is not set")]
    [InlineData("\"env:\"", "LlmProxy:Redis:Connection: the variable that it names is not set")]
    [InlineData("\"file:\"", "LlmProxy:Redis:Connection: file: names no file")]
    [InlineData("\"file:nowhere.txt\"", "LlmProxy:Redis:Connection: the file nowhere.txt does not exist")]
    [InlineData("\"file:.\"", "LlmProxy:Redis:Connection: the file . is a directory")]
    public void Reference_ToNothing_IsAMistake(string value, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(OperatorFolder.LoadFile($$"""{ "Redis": { "Connection": {{value}} } }""").Mistakes), StringComparison.Ordinal);

    [Fact]
    public void Reference_ToAFileThatIsNotThereYet_IsWatched()
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile("""{ "Redis": { "Connection": "file:later.txt" } }""");

        Assert.Contains(folder.Load().WatchedFiles, file => file.Path == folder.PathOf("later.txt") && file.Mark == "");
    }

    [Fact]
    public void AdminKey_WhoseVariableIsMissing_IsNoMistake()
    {
        var loaded = OperatorFolder.LoadFile("""{ "Auth": { "AdminKey": "env:LLMPROXY_ADMIN_KEY" } }""").WithoutMistakes();

        Assert.Null(loaded.Options.Auth.AdminKey);
        loaded.HasWarning("LlmProxy:Auth:AdminKey: LLMPROXY_ADMIN_KEY is not set");
    }

    [Fact]
    public void AdminKey_FromItsVariable_IsTheDefault()
    {
        Assert.Equal("root", OperatorFolder.LoadVariables(("LLMPROXY_ADMIN_KEY", "root")).WithoutMistakes().Options.Auth.AdminKey!.Reveal());
        Assert.Null(OperatorFolder.LoadVariables(("LLMPROXY_ADMIN_KEY", "")).WithoutMistakes().Options.Auth.AdminKey);
    }

    [Fact]
    public void Key_WhoseVariableIsMissing_IsAMistake() =>
        OperatorFolder.LoadFile("""{ "Keys": [ { "Name": "ci", "Key": "env:CI_KEY" } ] }""").HasMistake("LlmProxy:Keys[0]:Key: CI_KEY is not set");
}
