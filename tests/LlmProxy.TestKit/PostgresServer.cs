using System.Diagnostics;
using System.Globalization;

namespace LlmProxy.TestKit;

/// <summary>A real PostgreSQL of the test's own: its files in a temporary directory, its port free a moment ago.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>In CI nothing may be passed over because a program is missing.</summary>
    private const string RequireAll = "LLMPROXY_TESTS_REQUIRE_ALL";

    private const string User = "llmproxy";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("llmproxy-postgres-").FullName;

    private PostgresServer() => Port = LoopbackPort.PickFree();

    /// <summary>Why tests that need one cannot run here; null when they can, or must.</summary>
    public static string? Missing =>
        Environment.GetEnvironmentVariable(RequireAll) is { Length: > 0 } || FindProgram("pg_ctl") is not null ? null : "PostgreSQL is not installed (Debian: apt-get install postgresql)";

    public int Port { get; }

    /// <summary>Starts an empty server and waits until it takes connections.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        try
        {
            if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
            {
                // The server itself runs as somebody else, who must be able to make its folder here.
                File.SetUnixFileMode(server._directory, (UnixFileMode)0b111_111_111);
            }

            await server.RunAsync("initdb", "-D", server.Data, "-U", User, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C");
            await server.ResumeAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A database of its own, as an operator writes its address.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await RunAsync("createdb", "-h", "127.0.0.1", "-p", PortText, "-U", User, name);
        return $"postgresql://{User}@127.0.0.1:{PortText}/{name}";
    }

    /// <summary>What psql prints for a query, one row a line.</summary>
    public Task<string> QueryAsync(string database, string sql) =>
        RunAsync("psql", "-h", "127.0.0.1", "-p", PortText, "-U", User, "-d", database, "-At", "-c", sql);

    /// <summary>As a crash: connections are cut, nothing is said.</summary>
    public Task HaltAsync() => RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");

    public Task ResumeAsync() => RunAsync(
        "pg_ctl", "-D", Data, "-w", "-t", "60", "-l", Path.Combine(Data, "server.log"),
        "-o", $"-p {PortText} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=60", "start");

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (File.Exists(Path.Combine(Data, "postmaster.pid")) || Environment.IsPrivilegedProcess)
            {
                await HaltAsync();
            }
        }
        catch (InvalidOperationException)
        {
            // It was not running.
        }

        try
        {
            Directory.Delete(_directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover in the temporary directory harms nobody.
        }
    }

    private string Data => Path.Combine(_directory, "data");

    private string PortText => Port.ToString(CultureInfo.InvariantCulture);

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        string path = FindProgram(program) ?? throw new FileNotFoundException($"{program} is not installed (Debian: apt-get install postgresql)");
        // PostgreSQL refuses to run as root, so root hands it to the user that its package made, or to nobody.
        string[] command = Environment.IsPrivilegedProcess ? ["runuser", "-u", HelperUser(), "--", path, .. arguments] : [path, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = _directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode == 0
            ? (await output).Trim()
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await errors} {await output}");
    }

    private static string HelperUser() =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    /// <summary>Debian keeps the server's programs off the path.</summary>
    private static string? FindProgram(string name)
    {
        IEnumerable<string> debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin"))
            : [];
        IEnumerable<string> path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return debian.Concat(path).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
    }
}
