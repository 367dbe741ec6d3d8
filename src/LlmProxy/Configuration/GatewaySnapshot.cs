using System.Collections.Frozen;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;
using LlmProxy.Guards;
using LlmProxy.Routing;

namespace LlmProxy.Configuration;

/// <summary>Everything a request needs to know, compiled from one configuration and never changed; a request keeps the one it began with.</summary>
internal sealed record GatewaySnapshot
{
    public required GatewayOptions Options { get; init; }

    public required AuthMode AuthMode { get; init; }

    public required KeyRing Keys { get; init; }

    public required FrozenDictionary<string, Deployment> Llms { get; init; }

    public required ModelDirectory Models { get; init; }

    public required FrozenDictionary<string, WorkspaceOptions> Workspaces { get; init; }

    /// <summary>The same with the keys and workspaces of the database, which is the last source and replaces elements of the same name.</summary>
    public GatewaySnapshot With(StoredAccess stored)
    {
        var workspaces = new Dictionary<string, WorkspaceOptions>(StringComparer.OrdinalIgnoreCase);
        foreach (WorkspaceOptions workspace in Options.Workspaces.Concat(stored.Workspaces.Select(workspace => workspace.Options)))
        {
            workspaces[workspace.Name] = workspace;
        }

        return this with { Keys = new KeyRing(Options, stored), Workspaces = workspaces.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase) };
    }
    public GuardRules Guards { get; init; } = GuardRules.None;
}

/// <summary>Where the newest snapshot is found.</summary>
internal sealed class SnapshotHolder
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private volatile GatewaySnapshot? _current;
    private volatile StoredAccess _stored = StoredAccess.None;

    /// <summary>Completes when the first configuration has been applied.</summary>
    public Task FirstApplied => _first.Task;

    public GatewaySnapshot Current => _current ?? throw new InvalidOperationException("The configuration has not been applied yet.");

    public bool IsReady => _current is not null;

    /// <summary>What the database last said about keys and workspaces.</summary>
    public StoredAccess Stored => _stored;

    /// <summary>The configuration has changed.</summary>
    public void Publish(GatewaySnapshot snapshot)
    {
        lock (_gate)
        {
            _current = ReferenceEquals(_stored, StoredAccess.None) ? snapshot : snapshot.With(_stored);
        }

        _first.TrySetResult();
    }

    /// <summary>The database's keys or workspaces have changed: LLMs and their connections stay as they are.</summary>
    public void Take(StoredAccess stored)
    {
        lock (_gate)
        {
            _stored = stored;
            _current = _current?.With(stored);
        }
    }
}
