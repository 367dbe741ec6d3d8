using System.Text;
using LlmProxy.Configuration.Shortcuts;

namespace LlmProxy.Configuration;

/// <summary>A .env file that was read.</summary>
internal sealed record DotEnvFile(string Path, IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Warnings)
{
    /// <summary>Why a file that should be there could not be read.</summary>
    public string? Mistake { get; init; }
}

/// <summary>Reads the .env file of the working directory, or the one that LLMPROXY_ENV_FILE names.</summary>
internal static class DotEnv
{
    public const string DefaultName = ".env";
    private const string None = "none";

    /// <summary>
    /// Puts the file's variables into the process, where cloud SDKs look for theirs too. Call it before anything else
    /// reads the environment. What the environment already holds stays as it is.
    /// </summary>
    public static DotEnvFile? Load(string workingDirectory)
    {
        DotEnvFile? file = Read(workingDirectory, Environment.GetEnvironmentVariable(EnvironmentShortcuts.EnvFile));
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in file?.Values ?? taken)
        {
            if (Environment.GetEnvironmentVariable(name) is null)
            {
                Environment.SetEnvironmentVariable(name, value);
                taken.Add(name, value);
            }
        }

        return file is null ? null : file with { Values = taken };
    }

    /// <summary>Null when there is none to read; a named file that is not there is a mistake.</summary>
    public static DotEnvFile? Read(string workingDirectory, string? named)
    {
        named = named?.Trim() ?? "";
        if (named.Equals(None, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string path = Path.GetFullPath(named.Length > 0 ? named : DefaultName, workingDirectory);
        try
        {
            if (named.Length == 0 && !File.Exists(path))
            {
                return null;
            }

            string text = File.ReadAllText(path, Encoding.UTF8);
            var parser = new DotEnvParser(text, path);
            return new DotEnvFile(path, parser.Parse(), parser.Warnings);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string what = failure is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read";
            string mistake = named.Length > 0 ? $"{EnvironmentShortcuts.EnvFile}: the file {path} {what}" : $"{path}: {what}";
            return new DotEnvFile(path, new Dictionary<string, string>(), []) { Mistake = mistake };
        }
    }
}
