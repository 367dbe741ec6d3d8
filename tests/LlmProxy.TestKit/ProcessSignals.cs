using System.Runtime.InteropServices;

namespace LlmProxy.TestKit;

/// <summary>Signals that System.Diagnostics.Process cannot send.</summary>
internal static class ProcessSignals
{
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;

    public static void Terminate(int processId) => Send(processId, Sigterm);

    /// <summary>The process stands still and keeps everything it holds open.</summary>
    public static void Stop(int processId) => Send(processId, Sigstop);

    public static void Continue(int processId) => Send(processId, Sigcont);

    private static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} to process {processId} failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
