namespace LlmProxy.Benchmarks;

/// <summary>Finds the repository's parts from where this program was built.</summary>
internal static class Repository
{
#if DEBUG
    private const string BuildConfiguration = "Debug";
#else
    private const string BuildConfiguration = "Release";
#endif

    public static bool IsRelease => BuildConfiguration == "Release";

    public static string GatewayPath => Path.Combine(Root, "src", "LlmProxy", "bin", BuildConfiguration, "net10.0", "LlmProxy.dll");

    public static string DocsPath => Path.Combine(Root, "docs", "benchmarks.md");

    public static string Root
    {
        get
        {
            DirectoryInfo? folder = new(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LlmProxy.sln")))
            {
                folder = folder.Parent;
            }
            return folder?.FullName ?? AppContext.BaseDirectory;
        }
    }
}
