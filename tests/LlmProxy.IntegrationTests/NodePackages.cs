using System.Diagnostics;
using System.Security.Cryptography;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The npm packages of the checks, installed once per lock file into the temporary directory.</summary>
internal static class NodePackages
{
    private static readonly Lazy<(string? Directory, string? Missing)> Installed = new(Install);

    /// <summary>Where scripts and node_modules stand; null when they cannot.</summary>
    public static string? Directory => Installed.Value.Directory;

    /// <summary>Why the checks cannot run here; null when they can.</summary>
    public static string? Missing => Installed.Value.Missing;

    public static string? FindProgram(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);

    private static (string?, string?) Install()
    {
        if (FindProgram("node") is null || FindProgram("npm") is not { } npm)
        {
            return (null, "node and npm are not installed");
        }

        string source = Path.Combine(GatewayBinary.RepositoryRoot, "tests", "LlmProxy.IntegrationTests", "node");
        string lockFile = Path.Combine(source, "package-lock.json");
        string hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(lockFile)))[..16];
        string target = Path.Combine(Path.GetTempPath(), $"llmproxy-node-{hash}");
        string done = Path.Combine(target, "installed");
        if (!File.Exists(done))
        {
            System.IO.Directory.CreateDirectory(target);
            File.Copy(lockFile, Path.Combine(target, "package-lock.json"), overwrite: true);
            File.Copy(Path.Combine(source, "package.json"), Path.Combine(target, "package.json"), overwrite: true);
            if (!Run(npm, target))
            {
                return (null, "the npm packages cannot be installed here");
            }

            File.WriteAllText(done, "");
        }

        foreach (string script in System.IO.Directory.GetFiles(source, "*.mjs"))
        {
            File.Copy(script, Path.Combine(target, Path.GetFileName(script)), overwrite: true);
        }

        return (target, null);
    }

    private static bool Run(string npm, string directory)
    {
        var start = new ProcessStartInfo(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error"])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            return false;
        }

        return process.ExitCode == 0;
    }
}

/// <summary>A theory that needs Node.js and the npm packages; skipped by name where they are missing.</summary>
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute() => Skip = NodePackages.Missing;
}
