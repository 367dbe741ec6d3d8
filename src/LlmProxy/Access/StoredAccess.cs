namespace LlmProxy.Access;

/// <summary>All keys and workspaces of the database as last heard. Never changed: news make another one.</summary>
internal sealed record StoredAccess
{
    /// <summary>No database can hold any.</summary>
    public static readonly StoredAccess None = new() { IsHeard = true, IsKnown = true };

    public IReadOnlyDictionary<Guid, StoredKey> Keys { get; init; } = new Dictionary<Guid, StoredKey>();

    public IReadOnlyList<StoredWorkspace> Workspaces { get; init; } = [];

    /// <summary>Counts the database's changes: as long as it stands, nothing has to be read.</summary>
    public long Version { get; init; }

    /// <summary>Whether the database itself has spoken since the start, or can hold nothing. Until then a key that is not here may be there.</summary>
    public bool IsHeard { get; init; }

    /// <summary>Heard, or at least remembered from an earlier run.</summary>
    public bool IsKnown { get; init; }

    public StoredKey? FindKey(string name) => Keys.Values.FirstOrDefault(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public StoredWorkspace? FindWorkspace(string name) => Workspaces.FirstOrDefault(space => space.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public StoredAccess With(StoredKey key) => With([key]);

    /// <summary>Newer ones in the place of those of the same id.</summary>
    public StoredAccess With(IReadOnlyCollection<StoredKey> newer)
    {
        var keys = new Dictionary<Guid, StoredKey>(Keys);
        foreach (StoredKey key in newer)
        {
            keys[key.Id] = key;
        }

        return this with { Keys = keys };
    }

    public StoredAccess With(StoredWorkspace workspace) => this with { Workspaces = [.. Workspaces.Where(other => other.Id != workspace.Id), workspace] };

    public StoredAccess Without(StoredWorkspace workspace) => this with { Workspaces = [.. Workspaces.Where(other => other.Id != workspace.Id)] };
}
