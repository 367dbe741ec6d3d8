using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LlmProxy.TestKit;

/// <summary>A real redis-server of the test's own, without a file on disk, on a port that was free a moment ago. It can be stopped, hung and brought back.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    /// <summary>In CI nothing may be passed over because a program is missing.</summary>
    private const string RequireAll = "LLMPROXY_TESTS_REQUIRE_ALL";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string[] _options;
    private Process? _process;

    private RedisServer(string[] options)
    {
        _options = options;
        Port = LoopbackPort.PickFree();
    }

    /// <summary>Why tests that need one cannot run here; null when they can, or must.</summary>
    public static string? Missing =>
        Environment.GetEnvironmentVariable(RequireAll) is { Length: > 0 } || FindProgram() is not null ? null : "redis-server is not installed (Debian: apt-get install redis-server)";

    public int Port { get; }

    /// <summary>As an operator writes it.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts an empty server and waits until it answers.</summary>
    /// <param name="options">More of redis-server's own options, as on its command line ("--maxmemory", "1mb").</param>
    public static async Task<RedisServer> StartAsync(params string[] options)
    {
        var server = new RedisServer(options);
        try
        {
            await server.ResumeAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>As a crash: connections are cut and everything it held is gone.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Starts it (again), on the same port.</summary>
    public async Task ResumeAsync()
    {
        string program = FindProgram() ?? throw new FileNotFoundException("redis-server is not installed (Debian: apt-get install redis-server)");
        var start = new ProcessStartInfo(program, ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", .. _options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        };
        Process process = Process.Start(start)!;
        _process = process;
        var ready = new TaskCompletionSource();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException("redis-server ended before it was ready"));
            }
            else if (line.Data.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await ready.Task.WaitAsync(Patience);
    }

    /// <summary>It stops answering and keeps its connections (SIGSTOP), until <see cref="Continue"/>.</summary>
    public void Hang() => ProcessSignals.Stop(_process!.Id);

    public void Continue() => ProcessSignals.Continue(_process!.Id);

    /// <summary>One command, words as they are; the reply in Redis' own protocol.</summary>
    public async Task<string> SendAsync(params string[] words)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port);
        var command = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (string word in words)
        {
            command.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(command.ToString() + "*1\r\n$4\r\nQUIT\r\n"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        string reply = await reader.ReadToEndAsync();
        return reply.EndsWith("+OK\r\n", StringComparison.Ordinal) ? reply[..^5] : reply;
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    private static string? FindProgram() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(directory => Path.Combine(directory, "redis-server"))
        .FirstOrDefault(File.Exists);
}
