using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Access;

/// <summary>Who is calling: the holder of a virtual key, the operator, or anybody while the gateway is open.</summary>
internal sealed class Caller
{
    public static readonly Caller Anyone = new(new KeyOptions { Name = "open" });
    public static readonly Caller Operator = new(new KeyOptions { Name = "admin" });

    private readonly string[] _allowed;

    public Caller(KeyOptions key)
    {
        Key = key;
        AllowsEverything = key.AllowedModels.Contains("*");
        _allowed = [.. key.AllowedModels];
    }

    public KeyOptions Key { get; }

    /// <summary>Since when the key is worth nothing any more; null: it holds.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    public string Name => Key.Name;

    public string Workspace => Key.Workspace;

    public bool AllowsEverything { get; }

    /// <summary>Lower goes first: the key's own, or later where the call wishes so.</summary>
    public int PriorityOf(Wishes wishes) => wishes.Priority is { } wished ? Math.Max(Key.Priority, wished) : Key.Priority;

    /// <summary>Whether one of the key's patterns covers the name.</summary>
    public bool Allows(ReadOnlySpan<char> name)
    {
        foreach (string pattern in _allowed)
        {
            if (Glob.IsMatch(pattern, name))
            {
                return true;
            }
        }

        return false;
    }
}
