using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace LlmProxy.TestKit;

/// <summary>The built gateway as its own process: started, asked and stopped from outside, as an operator would.</summary>
public sealed partial class GatewayProcess : IAsyncDisposable
{
    // What the runtime itself needs. An allow-list, because cloud and LLM variables of a developer's shell must not decide a test.
    private static readonly string[] Inherited = ["PATH", "DOTNET_ROOT", "DOTNET_ROOT_X64", "TMPDIR", "LD_LIBRARY_PATH", "SystemRoot"];

    private readonly Process _process;
    private readonly GatewaySettings _settings;
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _openPipes = 2;

    private GatewayProcess(GatewaySettings settings)
    {
        _settings = settings;
        WorkingDirectory = settings.WorkingDirectory ?? Directory.CreateTempSubdirectory("llmproxy-test-").FullName;
        ConfigFile = Path.Combine(WorkingDirectory, "gateway.json");
        if (settings.Config is not null)
        {
            File.WriteAllText(ConfigFile, settings.Config);
        }

        if (settings.DotEnv is not null)
        {
            File.WriteAllText(Path.Combine(WorkingDirectory, ".env"), settings.DotEnv);
        }

        _process = new Process { StartInfo = StartInfo() };
        _process.OutputDataReceived += (_, e) => OnLine(e.Data);
        _process.ErrorDataReceived += (_, e) => OnLine(e.Data);
    }

    public string WorkingDirectory { get; }

    /// <summary>The watched file; it exists when the settings brought its text or the test has written it.</summary>
    public string ConfigFile { get; }

    public GatewayLog Logs { get; } = new();

    public string BaseUrl { get; private set; } = "";

    /// <summary>Without cookies, proxies and redirects; its base address is the gateway.</summary>
    public HttpClient Client { get; private set; } = null!;

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>Starts a gateway and waits until it is ready; throws with its whole log when it does not get there.</summary>
    public static async Task<GatewayProcess> StartAsync(GatewaySettings? settings = null)
    {
        GatewayProcess gateway = await LaunchAsync(settings);
        try
        {
            await gateway.WaitUntilReadyAsync();
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a gateway and waits until it listens, ready or not.</summary>
    public static async Task<GatewayProcess> LaunchAsync(GatewaySettings? settings = null)
    {
        var gateway = new GatewayProcess(settings ?? new GatewaySettings());
        try
        {
            gateway.Start();
            await gateway.FindAddressAsync();
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a gateway that is expected to end by itself.</summary>
    public static async Task<EndedGateway> RunToExitAsync(GatewaySettings settings)
    {
        await using var gateway = new GatewayProcess(settings);
        gateway.Start();
        int code = await gateway.WaitForExitAsync(settings.Deadline);
        return new EndedGateway(code, gateway.Logs.Text);
    }

    /// <summary>Replaces the watched file in one step, as editors and deployment tools do.</summary>
    public async Task WriteConfigAsync(string json)
    {
        string draft = ConfigFile + ".new";
        await File.WriteAllTextAsync(draft, json);
        File.Move(draft, ConfigFile, overwrite: true);
    }

    public void SignalTerm() => ProcessSignals.Terminate(_process.Id);

    /// <summary>Sends SIGTERM and waits for the end; returns the exit code.</summary>
    public Task<int> SignalTermAsync(TimeSpan? deadline = null)
    {
        SignalTerm();
        return WaitForExitAsync(deadline);
    }

    public async Task<int> WaitForExitAsync(TimeSpan? deadline = null)
    {
        using var limit = new CancellationTokenSource(deadline ?? _settings.Deadline);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            await _outputEnded.Task.WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The gateway did not end. Its log:\n{Logs.Text}");
        }

        return _process.ExitCode;
    }

    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            Kill();
            await _process.WaitForExitAsync();
        }
        catch (InvalidOperationException)
        {
            // It never started.
        }

        Client?.Dispose();
        _process.Dispose();
        if (_settings.WorkingDirectory is not null)
        {
            return;
        }

        try
        {
            Directory.Delete(WorkingDirectory, recursive: true);
        }
        catch (IOException)
        {
            // A leftover in the temporary directory harms nobody.
        }
    }

    private void Start()
    {
        if (!File.Exists(GatewayBinary.Library))
        {
            throw new FileNotFoundException($"The gateway is not built: {GatewayBinary.Library}");
        }

        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo(GatewayBinary.Host)
        {
            WorkingDirectory = WorkingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(GatewayBinary.Library);
        foreach (string argument in _settings.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var inherited = Inherited.Select(name => (name, value: Environment.GetEnvironmentVariable(name))).Where(v => v.value is not null).ToList();
        start.Environment.Clear();
        foreach ((string name, string? value) in inherited)
        {
            start.Environment[name] = value;
        }

        start.Environment["HOME"] = WorkingDirectory;
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["ASPNETCORE_URLS"] = _settings.PickPort ? $"http://127.0.0.1:{LoopbackPort.PickFree()}" : _settings.Urls;
        if (_settings.DotEnv is null)
        {
            start.Environment["LLMPROXY_ENV_FILE"] = "none";
        }

        if (_settings.Config is not null)
        {
            start.Environment["LLMPROXY_CONFIG_FILE"] = ConfigFile;
        }

        foreach ((string name, string value) in _settings.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private void OnLine(string? line)
    {
        if (line is not null)
        {
            Logs.Add(line);
        }
        else if (Interlocked.Decrement(ref _openPipes) == 0)
        {
            _outputEnded.TrySetResult();
        }
    }

    private async Task FindAddressAsync()
    {
        string address = _process.StartInfo.Environment["ASPNETCORE_URLS"]!;
        if (address.EndsWith(":0", StringComparison.Ordinal))
        {
            Task<string> said = Logs.WaitForAsync(ListeningLine().IsMatch, deadline: _settings.Deadline);
            await OrEndAsync(said);
            address = ListeningLine().Match(await said).Groups["url"].Value;
        }

        BaseUrl = address.TrimEnd('/').Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("[::]", "127.0.0.1", StringComparison.Ordinal);
        Client = NewClient();
    }

    private async Task WaitUntilReadyAsync()
    {
        using var limit = new CancellationTokenSource(_settings.Deadline);
        while (true)
        {
            if (HasExited)
            {
                await ThrowEndedAsync();
            }

            try
            {
                using HttpResponseMessage answer = await Client.GetAsync("/health/ready", limit.Token);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The gateway was not ready within {_settings.Deadline.TotalSeconds} s. Its log:\n{Logs.Text}");
            }

            await Task.Delay(25);
        }
    }

    /// <summary>A client of its own, for a test that needs its own connections.</summary>
    public HttpClient NewClient()
    {
        var handler = new SocketsHttpHandler { UseCookies = false, UseProxy = false, AllowAutoRedirect = false };
        return new HttpClient(handler) { BaseAddress = new Uri(BaseUrl), Timeout = TimeSpan.FromSeconds(60) };
    }

    private async Task OrEndAsync(Task said)
    {
        Task ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(said, ended) == ended && !said.IsCompletedSuccessfully)
        {
            await ThrowEndedAsync();
        }
    }

    private async Task ThrowEndedAsync()
    {
        int code = await WaitForExitAsync();
        throw new InvalidOperationException($"The gateway ended with code {code}. Its log:\n{Logs.Text}");
    }

    [GeneratedRegex("""(listening|serving) on:?\s+"?(?<url>https?://[^\s"',;\\]+:[1-9][0-9]*)""", RegexOptions.IgnoreCase)]
    private static partial Regex ListeningLine();
}

/// <summary>How a gateway that was to end by itself ended.</summary>
public sealed record EndedGateway(int ExitCode, string Log);

/// <summary>
/// A loopback port that nobody listens on. Below those that the system gives to outgoing connections: a server that a test
/// stops for a while must find its port free when it comes back.
/// </summary>
public static class LoopbackPort
{
    private const int Lowest = 10_240;
    private const int Highest = 32_000;

    private static readonly HashSet<int> Given = [];

    public static int PickFree()
    {
        lock (Given)
        {
            while (true)
            {
                int port = Random.Shared.Next(Lowest, Highest);
                if (!Given.Contains(port) && IsFree(port))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
