using System.Collections.Frozen;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Access;

/// <summary>All keys that hold, of the configuration and of the database, found by hash.</summary>
internal sealed class KeyRing
{
    private readonly FrozenDictionary<KeyHash, Caller> _callers;
    private readonly KeyHash? _admin;
    private readonly RecentHeaders _recent = new();

    public KeyRing(GatewayOptions options, StoredAccess? stored = null)
    {
        IsComplete = stored?.IsHeard ?? true;
        Proxies = new TrustedProxies(options.Auth.TrustedProxies);
        var callers = new Dictionary<KeyHash, Caller>();
        HashSet<string> replaced = Replaced(options, stored);
        foreach (KeyOptions key in options.Keys)
        {
            if (key.Key is { } secret && KeyHash.TryOf(secret.Reveal(), out KeyHash hash) && !replaced.Contains(key.Name))
            {
                callers[hash] = new Caller(key);
            }
        }

        foreach (StoredKey key in stored?.Keys.Values ?? [])
        {
            callers[key.Hash] = key.Caller;
        }

        _callers = callers.ToFrozenDictionary();
        if (options.Auth.AdminKey is { } admin && KeyHash.TryOf(admin.Reveal(), out KeyHash adminHash))
        {
            _admin = adminHash;
        }
    }

    public int Count => _callers.Count;

    public bool HasAdmin => _admin is not null;

    /// <summary>False while the database, which may know more keys, has not been heard since the start.</summary>
    public bool IsComplete { get; }

    /// <summary>Whose word counts about where a call comes from.</summary>
    public TrustedProxies Proxies { get; }

    public IEnumerable<Caller> Callers => _callers.Values;

    /// <summary>Whose key it is. The server hands out the very same text for a header that a connection sends again, and that need not be hashed again.</summary>
    /// <param name="header">The text that the key stands in; null: it is not worth remembering.</param>
    /// <param name="key">The key.</param>
    public Caller? Find(string? header, ReadOnlySpan<char> key)
    {
        if (header is null)
        {
            return Find(key);
        }

        if (_recent.Find(header) is { } known)
        {
            return known;
        }

        if (Find(key) is { } caller)
        {
            _recent.Remember(header, caller);
            return caller;
        }

        return null;
    }

    public Caller? Find(ReadOnlySpan<char> key)
    {
        if (!KeyHash.TryOf(key, out KeyHash hash))
        {
            return null;
        }

        if (_callers.TryGetValue(hash, out Caller? caller))
        {
            return caller;
        }

        return _admin is { } admin && admin.Equals(hash) ? Caller.Operator : null;
    }

    /// <summary>A name is one key's: the later source replaces the earlier one's element whole, and the database is the last.</summary>
    public static HashSet<string> Replaced(GatewayOptions options, StoredAccess? stored)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (options.Keys.Count > 0 && stored is { Keys.Count: > 0 })
        {
            names.UnionWith(stored.Keys.Values.Where(key => !key.IsRevoked).Select(key => key.Name));
            names.IntersectWith(options.Keys.Select(key => key.Name));
        }

        return names;
    }
}
