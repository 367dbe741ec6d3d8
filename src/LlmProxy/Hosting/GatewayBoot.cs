using System.Collections.Frozen;
using System.Globalization;
using LlmProxy.Configuration;
using LlmProxy.Providers;

namespace LlmProxy.Hosting;

/// <summary>What is known before the host is built: the configuration, where to listen, and what stands in the way.</summary>
internal sealed class GatewayBoot
{
    private static readonly FrozenDictionary<string, ProviderCard> Cards =
        ProviderCatalog.All.Values.ToFrozenDictionary(p => p.Card.Name, p => p.Card, StringComparer.OrdinalIgnoreCase);

    private readonly DotEnvFile? _envFile;

    private GatewayBoot(string[] args, string root, DotEnvFile? envFile, string environmentName, IConfiguration hostConfiguration, LoadedConfiguration loaded, IReadOnlyList<string> urls, IReadOnlyList<string> mistakes)
    {
        _envFile = envFile;
        Args = args;
        Root = root;
        EnvironmentName = environmentName;
        HostConfiguration = hostConfiguration;
        Loaded = loaded;
        Urls = urls;
        Mistakes = mistakes;
    }

    public string[] Args { get; }

    /// <summary>What relative paths start from.</summary>
    public string Root { get; }

    public string EnvironmentName { get; }

    /// <summary>ASP.NET's own settings: addresses, certificates, log filters.</summary>
    public IConfiguration HostConfiguration { get; }

    public LoadedConfiguration Loaded { get; }

    public IReadOnlyList<string> Urls { get; }

    public IReadOnlyList<string> Mistakes { get; }

    public static GatewayBoot Read(string[] args, string root)
    {
        DotEnvFile? envFile = DotEnv.Load(root);
        ConfigurationInput input = Input(args, envFile);
        LoadedConfiguration loaded = new ConfigurationLoader(input).Load();
        string environmentName = input.EnvironmentName;
        IConfiguration host = HostSettings(args, root, environmentName);
        List<string> urls = [.. ListenAddresses.From(host)];
        List<string> mistakes = [.. loaded.Mistakes];
        if (mistakes.Count == 0)
        {
            if (StartRules.Decide(loaded.Options, urls, out string? refusal) is null)
            {
                mistakes.Add(refusal!);
            }

            if (DataDirectory.WhyNotWritable(Path.Combine(root, loaded.Options.Journal.Directory)) is { } unwritable)
            {
                mistakes.Add(unwritable);
            }
        }

        if (loaded.Options.Metrics.Port > 0)
        {
            string own = string.Create(CultureInfo.InvariantCulture, $"http://*:{loaded.Options.Metrics.Port}");
            urls.Add(own);
            host = ListenAddresses.WithEndpoint(host, "LlmProxyMetrics", own);
        }

        return new GatewayBoot(args, root, envFile, environmentName, host, loaded, urls, mistakes);
    }

    /// <summary>What the operator wrote, for a command that serves nobody.</summary>
    public static LoadedConfiguration Load(string[] args, string root) => new ConfigurationLoader(Input(args, DotEnv.Load(root))).Load();

    /// <summary>The same reading again, for a reload.</summary>
    public LoadedConfiguration Reload() => new ConfigurationLoader(Input(Args, _envFile)).Load();

    private static ConfigurationInput Input(string[] args, DotEnvFile? envFile) =>
        ConfigurationInput.OfProcess(args, Cards, envFile) with { CheckLlm = llm => ProviderCatalog.All[llm.Provider].Check(llm) };

    private static IConfiguration HostSettings(string[] args, string root, string environmentName) => new ConfigurationBuilder()
        .SetBasePath(root)
        .AddJsonFile("appsettings.json", optional: true, reloadOnChange: false)
        .AddJsonFile($"appsettings.{environmentName}.json", optional: true, reloadOnChange: false)
        .AddEnvironmentVariables()
        .AddEnvironmentVariables("DOTNET_")
        .AddEnvironmentVariables("ASPNETCORE_")
        .AddCommandLine(args)
        .Build();
}
