using System.Collections.Frozen;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Hosting;
using LlmProxy.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LlmProxy.Tests.Hosting;

public sealed class DrainingLifetimeTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SnapshotHolder _snapshots = new();

    [Fact]
    public async Task Drain_AfterAReload_TheHostWaitsLongerThanTheCallsMayRunNow()
    {
        _snapshots.Publish(Snapshot(shutdownSeconds: 1));
        using var application = new Application();
        IOptions<HostOptions> host = Options.Create(new HostOptions());
        using var shutdown = new Shutdown(_time);
        using var lifetime = new DrainingLifetime(shutdown, _snapshots, application, host, _time, NullLogger<DrainingLifetime>.Instance);
        TimeSpan atStop = TimeSpan.Zero;
        application.Stopping = () => atStop = host.Value.ShutdownTimeout;

        _snapshots.Publish(Snapshot(shutdownSeconds: 600));
        await lifetime.DrainAsync();

        Assert.Equal(TimeSpan.FromSeconds(610), atStop);
    }

    private static GatewaySnapshot Snapshot(int shutdownSeconds)
    {
        var options = new GatewayOptions();
        options.Limits.ShutdownSeconds = shutdownSeconds;
        return new GatewaySnapshot
        {
            Options = options,
            AuthMode = AuthMode.Open,
            Keys = new KeyRing(options),
            Llms = FrozenDictionary<string, Deployment>.Empty,
            Models = new ModelDirectory(options, []),
            Workspaces = FrozenDictionary<string, WorkspaceOptions>.Empty,
        };
    }

    private sealed class Application : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _never = new();

        public Action Stopping { get; set; } = () => { };

        public CancellationToken ApplicationStarted => _never.Token;

        public CancellationToken ApplicationStopping => _never.Token;

        public CancellationToken ApplicationStopped => _never.Token;

        public void StopApplication() => Stopping();

        public void Dispose() => _never.Dispose();
    }
}
