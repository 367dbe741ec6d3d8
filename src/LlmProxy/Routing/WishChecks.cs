using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Routing;

/// <summary>Wishes that name what nobody knows, or that cannot be had together.</summary>
internal static class WishChecks
{
    public static GatewayError? Check(in RouteQuery query, out IReadOnlyList<string> demanded)
    {
        Wishes wishes = query.Wishes;
        demanded = Capabilities.Demanded(query.Snapshot, wishes, out GatewayError? unknown);
        if (unknown is not null)
        {
            return unknown;
        }

        if (wishes.Provider is not { } provider)
        {
            return null;
        }

        if (!ProviderCatalog.All.ContainsKey(provider))
        {
            return GatewayError.Invalid("provider", $"Unknown provider \"{(provider.Length <= 64 ? provider : provider[..64] + "...")}\". Known: {string.Join(", ", ProviderCatalog.All.Keys.Order(StringComparer.Ordinal))}.");
        }

        return wishes.LocalOnly == true && IsOutside(query, provider)
            ? GatewayError.Invalid("provider", $"The wishes contradict each other: \"local_only\" keeps the request in the house, and no LLM of provider \"{provider}\" is local.")
            : null;
    }

    private static bool IsOutside(in RouteQuery query, string provider)
    {
        bool isServed = false;
        foreach (Deployment llm in query.Snapshot.Models.ByPriority)
        {
            if (llm.ProviderName.Equals(provider, StringComparison.OrdinalIgnoreCase) && llm.IsVisibleTo(query.Caller.Workspace))
            {
                if (llm.IsLocal || llm.IsDummy)
                {
                    return false;
                }

                isServed = true;
            }
        }

        return isServed;
    }
}
