using System.Globalization;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>What Linux says about processes and the machine under /proc.</summary>
internal static class ProcFile
{
    // Linux shows processor time in hundredths of a second on every architecture.
    private const double TicksPerSecond = 100;
    private const long PageBytes = 4096;

    /// <summary>User and system time of one process.</summary>
    public static TimeSpan ProcessorTime(int process)
    {
        string[] fields = StatOf(process);
        return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
    }

    public static long ResidentBytes(int process) =>
        Number(File.ReadAllText($"/proc/{process}/statm").Split(' ')[1]) * PageBytes;

    public static IReadOnlyList<int> ChildrenOf(int process) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(id => id > 0 && ParentOf(id) == process)];

    /// <summary>Time the whole machine worked, and time the host took from it.</summary>
    public static (TimeSpan Busy, TimeSpan Stolen) MachineTime()
    {
        // cpu user nice system idle iowait irq softirq steal ...
        string[] f = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double busy = Number(f[1]) + Number(f[2]) + Number(f[3]) + Number(f[6]) + Number(f[7]);
        return (TimeSpan.FromSeconds(busy / TicksPerSecond), TimeSpan.FromSeconds(Number(f[8]) / TicksPerSecond));
    }

    public static string ProcessorModel() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
        ?? "unknown processor";

    private static int ParentOf(int process)
    {
        try
        {
            return (int)Number(StatOf(process)[1]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return -1; // It ended meanwhile.
        }
    }

    // Fields after the command's name, which stands in brackets and may hold anything: [0] is the state.
    private static string[] StatOf(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
