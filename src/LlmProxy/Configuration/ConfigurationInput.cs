using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Shortcuts;
using LlmProxy.Providers;

namespace LlmProxy.Configuration;

/// <summary>A section that wins over everything else, such as what a database holds.</summary>
internal sealed record StoredSection(string Name, string Json);

/// <summary>All that a configuration is read from; nothing else in the process decides.</summary>
internal sealed record ConfigurationInput
{
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Relative paths are meant from here.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Where appsettings.json is looked for first.</summary>
    public required string ContentRoot { get; init; }

    /// <summary>Where appsettings.json is looked for when the content root has none; null: nowhere.</summary>
    public string? BaseDirectory { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public string EnvironmentName { get; init; } = "Production";

    /// <summary>By name.</summary>
    public required IReadOnlyDictionary<string, ProviderCard> Providers { get; init; }

    /// <summary>What a provider itself has against an LLM's settings.</summary>
    public Func<LlmOptions, IEnumerable<string>>? CheckLlm { get; init; }

    /// <summary>The .env file that was put into the environment, for the list of sources.</summary>
    public DotEnvFile? EnvFile { get; init; }

    /// <summary>Sources after the command line, later ones winning.</summary>
    public IReadOnlyList<StoredSection> Stored { get; init; } = [];

    public ProviderCard? FindProvider(string name) =>
        Providers.TryGetValue(name, out ProviderCard? card) ? card
        : Providers.Values.FirstOrDefault(known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The process's own environment and directories.</summary>
    public static ConfigurationInput OfProcess(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, ProviderCard> providers, DotEnvFile? envFile = null)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        string directory = Directory.GetCurrentDirectory();
        return new ConfigurationInput
        {
            Environment = environment,
            WorkingDirectory = directory,
            ContentRoot = directory,
            BaseDirectory = AppContext.BaseDirectory,
            Arguments = arguments,
            EnvironmentName = EnvironmentNameOf(environment, arguments),
            Providers = providers,
            EnvFile = envFile,
        };
    }

    /// <summary>ASP.NET's own settings first; DEVELOPMENT_MODE only where they are silent.</summary>
    public static string EnvironmentNameOf(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> arguments)
    {
        string? name = null;
        foreach ((string key, string value) in Sources.CommandLine.Settings(arguments))
        {
            name = key.Equals("environment", StringComparison.OrdinalIgnoreCase) ? value : name;
        }

        name = name ?? environment.GetValueOrDefault("ASPNETCORE_ENVIRONMENT") ?? environment.GetValueOrDefault("DOTNET_ENVIRONMENT");
        bool isDevelopment = Binding.ScalarReader.ReadBool(environment.GetValueOrDefault(SettingShortcuts.DevelopmentMode) ?? "") == true;
        return !string.IsNullOrWhiteSpace(name) ? name : isDevelopment ? "Development" : "Production";
    }
}
