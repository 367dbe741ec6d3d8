using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>A process that we started and will end; what it prints goes to a file, never through us.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private readonly Process _process;

    private ChildProcess(Process process, string logPath)
    {
        _process = process;
        LogPath = logPath;
    }

    public int Id => _process.Id;

    public string LogPath { get; }

    public bool HasExited => _process.HasExited;

    /// <param name="environment">The whole environment of the child: nothing of ours is inherited.</param>
    public static ChildProcess Start(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, string workingDirectory, string logPath)
    {
        // The shell replaces itself by the program, so that the process id is the program's.
        ProcessStartInfo start = new("/bin/sh")
        {
            ArgumentList = { "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", logPath },
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
        };
        foreach (string argument in command)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Clear();
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        return new(Process.Start(start)!, logPath);
    }

    /// <summary>The last lines that the child printed.</summary>
    public string LogTail(int lines = 15) =>
        File.Exists(LogPath) ? string.Join('\n', File.ReadLines(LogPath).TakeLast(lines)) : "";

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Terminate);
            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(10));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
