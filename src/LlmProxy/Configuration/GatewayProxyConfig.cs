using LlmProxy.Configuration.Options;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;

namespace LlmProxy.Configuration;

/// <summary>One configuration as YARP sees it. It carries what the snapshot will be built from, so the two can never be of different age.</summary>
internal sealed class GatewayProxyConfig(SnapshotDraft draft, IReadOnlyList<ClusterConfig> clusters) : IProxyConfig, IDisposable
{
    private readonly CancellationTokenSource _replaced = new();

    public SnapshotDraft Draft { get; } = draft;

    public IReadOnlyList<RouteConfig> Routes => [];

    public IReadOnlyList<ClusterConfig> Clusters { get; } = clusters;

    public IChangeToken ChangeToken => new CancellationChangeToken(_replaced.Token);

    /// <summary>YARP comes back for the newer one.</summary>
    public void SignalReplaced() => _replaced.Cancel();

    public void Dispose() => _replaced.Dispose();
}

/// <summary>A configuration on its way to becoming the snapshot.</summary>
internal sealed record SnapshotDraft(GatewayOptions Options, AuthMode AuthMode, IReadOnlySet<string> ImpliedLlms);

/// <summary>Hands YARP the newest configuration.</summary>
internal sealed class GatewayConfigProvider : IProxyConfigProvider
{
    private volatile GatewayProxyConfig? _current;

    public IProxyConfig GetConfig() => _current ?? throw new InvalidOperationException("The configuration has not been read yet.");

    public void Apply(GatewayProxyConfig next)
    {
        GatewayProxyConfig? old = _current;
        _current = next;
        old?.SignalReplaced();
    }
}
