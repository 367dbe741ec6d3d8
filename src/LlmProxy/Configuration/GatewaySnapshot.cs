using System.Collections.Frozen;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;
using LlmProxy.Guards;
using LlmProxy.Routing;

namespace LlmProxy.Configuration;

/// <summary>Everything a request needs to know, compiled from one configuration and never changed; a request keeps the one it began with.</summary>
internal sealed class GatewaySnapshot
{
    public required GatewayOptions Options { get; init; }

    public required AuthMode AuthMode { get; init; }

    public required KeyRing Keys { get; init; }

    public required FrozenDictionary<string, Deployment> Llms { get; init; }

    public required ModelDirectory Models { get; init; }

    public required FrozenDictionary<string, WorkspaceOptions> Workspaces { get; init; }

    public GuardRules Guards { get; init; } = GuardRules.None;
}

/// <summary>Where the newest snapshot is found.</summary>
internal sealed class SnapshotHolder
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile GatewaySnapshot? _current;

    /// <summary>Completes when the first configuration has been applied.</summary>
    public Task FirstApplied => _first.Task;

    public GatewaySnapshot Current => _current ?? throw new InvalidOperationException("The configuration has not been applied yet.");

    public bool IsReady => _current is not null;

    public void Publish(GatewaySnapshot snapshot)
    {
        _current = snapshot;
        _first.TrySetResult();
    }
}
