using System.Collections.Frozen;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Configuration;

/// <summary>A directory with what an operator put there, and the variables and arguments beside it.</summary>
internal sealed class OperatorFolder : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("llmproxy-configuration-");

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public List<string> Arguments { get; } = [];

    public List<StoredSection> Stored { get; } = [];

    public string EnvironmentName { get; set; } = "Production";

    public Func<LlmOptions, IEnumerable<string>>? CheckLlm { get; set; }

    public DotEnvFile? EnvFile { get; set; }

    public static IReadOnlyDictionary<string, ProviderCard> Cards { get; } = new[]
    {
        Card("openai", "api_key", "organization"),
        Card("azure", "api_key", "deployment", "api_version"),
        Card("anthropic", "api_key"),
        Card("bedrock", "access_key_id", "secret_access_key", "session_token", "region", "bearer_token"),
        Card("vertex", "project", "location", "credentials_file", "access_token"),
        Card("gemini", "api_key"),
        Card("mistral", "api_key"),
        Card("together", "api_key"),
        Card("fireworks", "api_key"),
        Card("ollama", "api_key") with { IsLocal = true },
        Card("vllm", "api_key") with { IsLocal = true },
        Card("litellm", "api_key"),
        Card("custom", "api_key"),
        Card("dummy"),
    }.ToFrozenDictionary(card => card.Name);

    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    public string Write(string name, string content)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes the file that LLMPROXY_CONFIG_FILE names.</summary>
    public OperatorFolder WithConfigFile(string content)
    {
        Variables["LLMPROXY_CONFIG_FILE"] = Write("gateway.json", content);
        return this;
    }

    public ConfigurationInput Input => new()
    {
        Environment = Variables,
        WorkingDirectory = _directory.FullName,
        ContentRoot = _directory.FullName,
        Arguments = Arguments,
        EnvironmentName = EnvironmentName,
        Providers = Cards,
        CheckLlm = CheckLlm,
        EnvFile = EnvFile,
        Stored = Stored,
    };

    public LoadedConfiguration Load() => new ConfigurationLoader(Input).Load();

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Only a config file.</summary>
    public static LoadedConfiguration LoadFile(string content)
    {
        using var folder = new OperatorFolder();
        return folder.WithConfigFile(content).Load();
    }

    /// <summary>Only variables.</summary>
    public static LoadedConfiguration LoadVariables(params (string Name, string Value)[] variables)
    {
        using var folder = new OperatorFolder();
        foreach ((string name, string value) in variables)
        {
            folder.Variables[name] = value;
        }

        return folder.Load();
    }

    private static ProviderCard Card(string name, params string[] authKeys) => new()
    {
        Name = name,
        AuthKeys = authKeys.ToFrozenSet(StringComparer.OrdinalIgnoreCase),
        Endpoints = [EndpointKind.Chat],
    };
}

internal static class LoadedConfigurationExtensions
{
    public static LlmOptions Llm(this LoadedConfiguration loaded, string name) => Assert.Single(loaded.Options.Llms, llm => llm.Name == name);

    /// <summary>The names in the order in which they are tried.</summary>
    public static string[] LlmNames(this LoadedConfiguration loaded) => [.. loaded.Options.Llms.OrderBy(llm => llm.Priority).Select(llm => llm.Name)];

    public static LoadedConfiguration WithoutMistakes(this LoadedConfiguration loaded)
    {
        Assert.Empty(loaded.Mistakes);
        return loaded;
    }

    public static void HasMistake(this LoadedConfiguration loaded, string part) => Assert.Contains(loaded.Mistakes, line => line.Contains(part, StringComparison.Ordinal));

    public static void HasWarning(this LoadedConfiguration loaded, string part) => Assert.Contains(loaded.Warnings, line => line.Contains(part, StringComparison.Ordinal));

    public static void HasNoWarning(this LoadedConfiguration loaded, string part) => Assert.DoesNotContain(loaded.Warnings, line => line.Contains(part, StringComparison.Ordinal));
}
