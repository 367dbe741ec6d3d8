using System.Runtime.CompilerServices;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Shortcuts;

namespace LlmProxy.Tests.Configuration;

/// <summary>The files that people copy from must say what is true.</summary>
public sealed class ExampleFileTests
{
    [Fact]
    public void EnvExample_NamesEveryVariableOnceAndNoOther()
    {
        string[] names = [.. Uncommented(".env.example", "#", line => char.IsAsciiLetterUpper(line[0]) && line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=')[0])];

        Assert.Equal(EnvironmentShortcuts.Variables.Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EnvExample_AsItIs_SetsNothing() => Assert.Empty(Parse(File.ReadAllText(PathOf(".env.example"))));

    [Fact]
    public void EnvExample_WithEveryLineInForce_LoadsWithoutMistakes()
    {
        IEnumerable<string> lines = Uncommented(".env.example", "#", line => char.IsAsciiLetterUpper(line[0]) && line.Contains('=', StringComparison.Ordinal));
        using var folder = new OperatorFolder();
        foreach ((string name, string value) in Parse(string.Join('\n', lines)))
        {
            folder.Variables[name] = name == "LLMPROXY_CONFIG_FILE" ? "" : value;
        }

        var loaded = folder.Load().WithoutMistakes();

        Assert.Equal("openai", Assert.Single(loaded.Options.Llms, llm => llm.IsDefault).Name);
        Assert.Equal("blue", loaded.Llm("custom").Headers["X-Team"]);
    }

    [Fact]
    public void AppSettings_AsItIs_ChangesNothing()
    {
        using var folder = new OperatorFolder();
        folder.Write("appsettings.json", File.ReadAllText(PathOf("appsettings.json")));

        var loaded = folder.Load().WithoutMistakes();

        Assert.Empty(loaded.Warnings);
        Assert.True(loaded.DummyIsImplied);
    }

    [Fact]
    public void AppSettings_WithEveryExampleInForce_LoadsWithoutMistakesAndShowsEveryProvider()
    {
        using var folder = new OperatorFolder();
        string text = string.Join('\n', File.ReadLines(PathOf("appsettings.json")).Select(line => line.TrimStart().StartsWith("// ", StringComparison.Ordinal) ? line.TrimStart()[3..] : line));
        folder.Write("appsettings.json", text.Replace("/run/secrets/notebook-key", "notebook-key", StringComparison.Ordinal));
        folder.Write("notebook-key", "n\n");
        folder.Variables["CI_KEY"] = "c";

        var loaded = folder.Load().WithoutMistakes();

        Assert.Equal(OperatorFolder.Cards.Keys.Order(StringComparer.Ordinal), loaded.Options.Llms.Select(llm => llm.Provider).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["LlmProxy:Auth:AdminKey: LLMPROXY_ADMIN_KEY is not set: there is no such key"], loaded.Warnings.Select(line => line.Split(" (")[0]));
        Assert.Equal(["ci", "notebook"], loaded.Options.Keys.Select(key => key.Name));
    }

    private static Dictionary<string, string> Parse(string text)
    {
        var parser = new DotEnvParser(text, ".env.example");
        Dictionary<string, string> values = parser.Parse();
        Assert.Empty(parser.Warnings);
        return values;
    }

    private static IEnumerable<string> Uncommented(string name, string mark, Func<string, bool> isExample) =>
        File.ReadLines(PathOf(name)).Where(line => line.StartsWith(mark, StringComparison.Ordinal)).Select(line => line[mark.Length..]).Where(line => line.Length > 0 && isExample(line));

    private static string PathOf(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../..", name));
}
