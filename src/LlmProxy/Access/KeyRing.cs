using System.Collections.Frozen;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Access;

/// <summary>All keys of one configuration, found by hash.</summary>
internal sealed class KeyRing
{
    private readonly FrozenDictionary<KeyHash, Caller> _callers;
    private readonly KeyHash? _admin;

    public KeyRing(GatewayOptions options)
    {
        var callers = new Dictionary<KeyHash, Caller>();
        foreach (KeyOptions key in options.Keys)
        {
            if (key.Key is { } secret && KeyHash.TryOf(secret.Reveal(), out KeyHash hash))
            {
                callers[hash] = new Caller(key);
            }
        }

        _callers = callers.ToFrozenDictionary();
        if (options.Auth.AdminKey is { } admin && KeyHash.TryOf(admin.Reveal(), out KeyHash adminHash))
        {
            _admin = adminHash;
        }
    }

    public int Count => _callers.Count;

    public bool HasAdmin => _admin is not null;

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
}
