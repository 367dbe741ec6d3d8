using System.Runtime.InteropServices;
using LlmProxy.Configuration;
using Microsoft.Extensions.Options;

namespace LlmProxy.Hosting;

/// <summary>
/// Going down well. On SIGTERM or Ctrl+C: ready turns 503 and every answer asks its client to reconnect elsewhere, while
/// calls are still taken for a moment; then the addresses close, running calls finish, and what still runs when
/// ShutdownSeconds are over ends with an error event. A second signal ends it at once.
/// </summary>
internal sealed class DrainingLifetime(
    Shutdown shutdown, SnapshotHolder snapshots, IHostApplicationLifetime application, IOptions<HostOptions> host, TimeProvider time, ILogger<DrainingLifetime> logger) : IHostLifetime, IDisposable
{
    private static readonly TimeSpan LongestInvitation = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ShortestInvitation = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Recently = TimeSpan.FromSeconds(10);

    /// <summary>So long after the patience of calls the host ends what does not count as one: a slow operator, bytes that are passed through.</summary>
    private static readonly TimeSpan HostGrace = TimeSpan.FromSeconds(10);

    private readonly List<PosixSignalRegistration> _signals = [];
    private int _received;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _received) > 1)
        {
            shutdown.Force();
            application.StopApplication();
            return;
        }

        _ = DrainAsync();
    }

    internal async Task DrainAsync()
    {
        TimeSpan patience = TimeSpan.FromSeconds(snapshots.IsReady ? snapshots.Current.Options.Limits.ShutdownSeconds : 0);
        host.Value.ShutdownTimeout = patience + HostGrace; // The host reads it when it begins to stop: by then a reload may have changed the patience.
        shutdown.StartDraining();
        logger.Draining(shutdown.Running, patience.TotalSeconds);
        long begun = time.GetTimestamp();
        if (shutdown.WasBusyWithin(Recently))
        {
            await Task.Delay(Least(ShortestInvitation, patience), time);
            await Task.WhenAny(shutdown.WhenIdle(), Task.Delay(Least(LongestInvitation, patience) - Least(ShortestInvitation, patience), time));
        }

        application.StopApplication();
        TimeSpan left = patience - time.GetElapsedTime(begun);
        if (left > TimeSpan.Zero)
        {
            await Task.WhenAny(shutdown.WhenIdle(), Task.Delay(left, time));
        }

        if (shutdown.Running > 0)
        {
            logger.PatienceOver(shutdown.Running);
            shutdown.Force();
        }
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

internal static partial class HostingLog
{
    [LoggerMessage(9101, LogLevel.Information, "Stopping: {Running} calls are running and have {Seconds:0} s to finish")]
    public static partial void Draining(this ILogger logger, int running, double seconds);

    [LoggerMessage(9102, LogLevel.Warning, "The time to finish is over: {Running} calls are ended now")]
    public static partial void PatienceOver(this ILogger logger, int running);

    [LoggerMessage(9103, LogLevel.Information, "{Line}")]
    public static partial void ShowBanner(this ILogger logger, string line);
}
