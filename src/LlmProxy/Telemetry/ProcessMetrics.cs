using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LlmProxy.Telemetry;

/// <summary>The few process series by the names that Prometheus' own clients give them, read only when somebody scrapes.</summary>
internal sealed class ProcessMetrics : IDisposable
{
    public const string MeterName = "LlmProxy.Process";
    private const string OpenFiles = "/proc/self/fd";

    public ProcessMetrics()
    {
        Meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "Processor time of the process, user and system.");
        Meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, description: "Memory that the process holds resident.");
        Meter.CreateObservableGauge("process_start_time_seconds", StartTime, description: "When the process began, in seconds since 1970.");
        if (Directory.Exists(OpenFiles))
        {
            Meter.CreateObservableGauge("process_open_fds", () => Directory.EnumerateFileSystemEntries(OpenFiles).LongCount(), description: "Open file descriptors, sockets among them.");
        }
    }

    public Meter Meter { get; } = new(MeterName);

    public void Dispose() => Meter.Dispose();

    private static double StartTime()
    {
        using Process self = Process.GetCurrentProcess();
        return (self.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
    }
}
