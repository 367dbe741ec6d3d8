using System.Globalization;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>Where one run keeps its files and starts its processes; nothing is left behind.</summary>
internal sealed class Workplace : IDisposable
{
    // What a process needs to start at all. Everything else (vendors' keys, log levels) could change what is measured.
    private static readonly string[] InheritedVariables = ["PATH", "HOME", "LANG", "TMPDIR", "DOTNET_ROOT"];

    private readonly string _folder = Directory.CreateTempSubdirectory("llmproxy-bench-").FullName;
    private int _count;

    public Workplace(BenchmarkOptions options) => Options = options;

    public BenchmarkOptions Options { get; }

    public static string DotNet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? Find("dotnet") ?? "dotnet";

    /// <summary>Where a program is that may or may not be installed.</summary>
    public static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':')
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    public string NewFolder(string name) =>
        Directory.CreateDirectory(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{name}-{++_count}"))).FullName;

    /// <summary>Starts this same program in another role.</summary>
    public ChildProcess StartRole(string name, string role, params int[] ports)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "LlmProxy.Benchmarks.dll");
        return Start(
            name,
            [DotNet, program, "--role", role, .. ports.Select(p => p.ToString(CultureInfo.InvariantCulture))],
            NewFolder(name),
            Options.Only is not null && name == Options.ProfiledContender ? Options.GatewayEnvironment : null);
    }

    public static ChildProcess Start(string name, IReadOnlyList<string> command, string folder, IReadOnlyDictionary<string, string>? more = null)
    {
        Dictionary<string, string> environment = new() { ["ASPNETCORE_ENVIRONMENT"] = "Production" };
        foreach (string variable in InheritedVariables)
        {
            if (Environment.GetEnvironmentVariable(variable) is { } value)
            {
                environment[variable] = value;
            }
        }
        foreach ((string variable, string value) in more ?? new Dictionary<string, string>())
        {
            environment[variable] = value;
        }
        return ChildProcess.Start(command, environment, folder, Path.Combine(folder, name + ".log"));
    }

    public void Dispose()
    {
        if (Options.Keep)
        {
            Console.Error.WriteLine($"Files of this run are in {_folder}");
            return;
        }
        Directory.Delete(_folder, recursive: true);
    }
}
