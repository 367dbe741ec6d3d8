using System.Text.Json;
using LlmProxy.Storage;

namespace LlmProxy.Routing;

/// <summary>The default that an operator chose at run time; null in both: none.</summary>
/// <param name="Llm">One LLM by its name.</param>
/// <param name="Provider">A provider: its first LLM that can be asked.</param>
internal sealed record DefaultChosen(string? Llm, string? Provider)
{
    public static readonly DefaultChosen Nothing = new(null, null);
}

/// <summary>Where routing finds the manual default; it beats IsDefault and outlives changes of configuration.</summary>
internal sealed class ManualDefault
{
    private volatile DefaultChosen _chosen = DefaultChosen.Nothing;

    public DefaultChosen Chosen => _chosen;

    /// <summary>False when the text means nothing to this version; then the configured default holds.</summary>
    public bool Apply(StoredSetting? setting)
    {
        DefaultChosen? chosen = setting is null ? DefaultChosen.Nothing : Read(setting.Value);
        _chosen = chosen ?? DefaultChosen.Nothing;
        return chosen is not null;
    }

    /// <summary>
    /// The LLM that is meant, out of those in ascending priority. Of a provider one with a model of its own goes before a
    /// wildcard, which cannot be asked without a model; one that is sure to fail only stands in when there is no other.
    /// </summary>
    public static Deployment? Find(DefaultChosen chosen, IReadOnlyList<Deployment> byPriority)
    {
        Deployment? unavailable = null;
        for (int i = 0; i < byPriority.Count; i++)
        {
            Deployment llm = byPriority[i];
            bool isMeant = chosen.Llm is { } name
                ? llm.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
                : llm.ProviderName.Equals(chosen.Provider, StringComparison.OrdinalIgnoreCase);
            if (!isMeant || llm.IsWildcard || !llm.IsGlobal)
            {
                continue;
            }

            if (llm.Unavailable is null)
            {
                return llm;
            }

            unavailable ??= llm;
        }

        return unavailable;
    }

    private static DefaultChosen? Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            string? llm = Text(document.RootElement, "llm");
            string? provider = Text(document.RootElement, "provider");
            return llm is null && provider is null ? null : new DefaultChosen(llm, provider);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
