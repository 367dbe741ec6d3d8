using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>The chain wish: one chain's name, or the members themselves separated by commas.</summary>
internal static class WishedChain
{
    private const int MostMembers = 32;

    public static NameEntry? Find(ModelDirectory models, string wish, out GatewayError? refusal)
    {
        refusal = null;
        if (Named(models, wish) is { } named)
        {
            return named;
        }

        string[] names = wish.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length is 0 or > MostMembers)
        {
            refusal = GatewayError.Invalid("chain", names.Length == 0 ? "The wish \"chain\" names nothing." : $"The wish \"chain\" names more than {MostMembers} members.");
            return null;
        }

        var parts = new List<NameEntry>(names.Length);
        foreach (string name in names)
        {
            if (models.Find(name) is not { } entry)
            {
                refusal = ChainBook.WhyEmpty(name) ?? Unknown(models, name);
                return null;
            }

            // A named LLM stands for itself: the chain's members follow it, not its own followers.
            parts.Add(entry.Kind == NameKind.Llm ? new NameEntry(NameKind.Llm, [entry.Targets[0]]) : entry);
        }

        return ChainBook.Join(parts, strategy: null);
    }

    /// <summary>Whether a key may be allowed all of it by its name; members that the wish lists are looked at one by one.</summary>
    public static bool HasOwnName(ModelDirectory models, string wish) => Named(models, wish) is not null || models.IsAlias(wish);

    private static NameEntry? Named(ModelDirectory models, string wish) =>
        models.Find(ModelDirectory.ChainPrefix + wish) is { Kind: NameKind.Chain } named ? named : null;

    private static GatewayError Unknown(ModelDirectory models, string name)
    {
        string known = string.Join(", ", models.Chains.Select(c => c.Key).Order(StringComparer.OrdinalIgnoreCase).Take(20));
        string shown = name.Length <= 64 ? name : name[..64] + "...";
        return GatewayError.Invalid("chain", $"Unknown chain or LLM \"{shown}\" in the wish \"chain\"." + (known.Length > 0 ? $" Known chains: {known}." : ""));
    }
}
