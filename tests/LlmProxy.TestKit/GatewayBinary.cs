namespace LlmProxy.TestKit;

/// <summary>Finds the built gateway beside the tests: the same checkout, the same configuration.</summary>
public static class GatewayBinary
{
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>Debug or Release, as the running test assembly was built.</summary>
    public static string Configuration { get; } =
        Directory.GetParent(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))?.Name ?? "Debug";

    public static string Library { get; } =
        Path.Combine(RepositoryRoot, "src", "LlmProxy", "bin", Configuration, "net10.0", "LlmProxy.dll");

    /// <summary>The dotnet that runs these tests, else the one on the path.</summary>
    public static string Host { get; } = FindHost();

    private static string FindHost()
    {
        string? host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? Environment.ProcessPath;
        return host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LlmProxy.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"No LlmProxy.sln above {AppContext.BaseDirectory}.");
    }
}
