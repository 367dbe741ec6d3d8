using LlmProxy.Configuration.Options;

namespace LlmProxy.Access;

/// <summary>A virtual key that the database keeps: its hash, never itself, and what its holder may.</summary>
internal sealed record StoredKey
{
    private Caller? _caller;

    public required Guid Id { get; init; }

    public required KeyHash Hash { get; init; }

    /// <summary>How the key begins: enough to know it again, far too little to use it.</summary>
    public required string Prefix { get; init; }

    /// <summary>Never changed: a changed key is another object.</summary>
    public required KeyOptions Options { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required string UpdatedBy { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public string Name => Options.Name;

    public bool IsRevoked => RevokedAt is not null;

    /// <summary>Made once: a change of another key leaves it as it is. A copy with other options carries the old one along and makes its own.</summary>
    public Caller Caller => _caller is { } made && ReferenceEquals(made.Key, Options) && made.RevokedAt == RevokedAt
        ? made
        : _caller = new Caller(Options) { RevokedAt = RevokedAt };
}

/// <summary>A workspace that the database keeps.</summary>
internal sealed record StoredWorkspace
{
    public required Guid Id { get; init; }

    /// <summary>Never changed: a changed workspace is another object.</summary>
    public required WorkspaceOptions Options { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required string UpdatedBy { get; init; }

    public string Name => Options.Name;
}
