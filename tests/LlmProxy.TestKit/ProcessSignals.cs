using System.Runtime.InteropServices;

namespace LlmProxy.TestKit;

/// <summary>Signals that System.Diagnostics.Process cannot send.</summary>
internal static class ProcessSignals
{
    private const int Sigterm = 15;

    public static void Terminate(int processId)
    {
        if (Kill(processId, Sigterm) != 0)
        {
            throw new InvalidOperationException($"SIGTERM to process {processId} failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
