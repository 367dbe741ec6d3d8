using System.Collections.Frozen;

namespace LlmProxy.Providers;

/// <summary>The names that an Auth block may hold, in the form a card wants them.</summary>
internal static class AuthNames
{
    public static readonly FrozenSet<string> None = FrozenSet<string>.Empty;

    public static readonly FrozenSet<string> ApiKey = Of("api_key");

    public static FrozenSet<string> Of(params string[] names) => names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
