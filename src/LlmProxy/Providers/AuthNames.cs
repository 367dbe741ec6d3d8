using System.Collections.Frozen;

namespace LlmProxy.Providers;

/// <summary>The names that an Auth block may hold, in the form a card wants them.</summary>
internal static class AuthNames
{
    public static readonly FrozenSet<string> None = FrozenSet<string>.Empty;

    public static readonly FrozenSet<string> ApiKey = Of("api_key");

    /// <summary>Those that say where a model is or which one it is, and are no credentials.</summary>
    public static readonly string[] Places = ["api_version", "deployment", "location", "project", "region"];

    public static FrozenSet<string> Of(params string[] names) => names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
