using System.Collections;
using System.Globalization;
using LlmProxy.Configuration;
using LlmProxy.Providers;

namespace LlmProxy.Hosting;

/// <summary>What is known before the host is built: the configuration, where to listen, and what stands in the way.</summary>
internal sealed class GatewayBoot
{
    private GatewayBoot(string root, string[] args, string environmentName, IConfiguration hostConfiguration, LoadedConfiguration loaded, IReadOnlyList<string> urls, IReadOnlyList<string> mistakes)
    {
        Root = root;
        Args = args;
        EnvironmentName = environmentName;
        HostConfiguration = hostConfiguration;
        Loaded = loaded;
        Urls = urls;
        Mistakes = mistakes;
    }

    public string Root { get; }

    public string[] Args { get; }

    public string EnvironmentName { get; }

    /// <summary>ASP.NET's own settings: addresses, certificates, log filters.</summary>
    public IConfiguration HostConfiguration { get; }

    public LoadedConfiguration Loaded { get; }

    public IReadOnlyList<string> Urls { get; }

    public IReadOnlyList<string> Mistakes { get; }

    public static GatewayBoot Read(string[] args, string root)
    {
        DotEnv.Load(root);
        string environmentName = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? "Production";
        LoadedConfiguration loaded = Load(args, root, environmentName);
        if (loaded.IsDevelopment)
        {
            environmentName = "Development";
        }

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
            urls.Add(string.Create(CultureInfo.InvariantCulture, $"http://*:{loaded.Options.Metrics.Port}"));
        }

        return new GatewayBoot(root, args, environmentName, host, loaded, urls, mistakes);
    }

    /// <summary>The same reading again, for a reload.</summary>
    public LoadedConfiguration Reload() => Load(Args, Root, EnvironmentName);

    private static LoadedConfiguration Load(string[] args, string root, string environmentName) =>
        ConfigurationLoader.Load(new ConfigurationInput(Variables(), root, args, environmentName, ProviderCatalog.Cards));

    private static Dictionary<string, string> Variables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return variables;
    }

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
