using System.Collections.Frozen;
using System.Text.Json;

namespace LlmProxy.Routing;

/// <summary>
/// Which vendor serves which model names, by known-models.json: names, and families that end in "*"; "!" takes some out
/// of a family. With it a bare "gpt-4o-mini" finds the wildcard LLM that serves it.
/// </summary>
internal static class KnownModels
{
    private static readonly FrozenDictionary<string, ModelNames> ByProvider = Load();

    /// <summary>Another gateway, or a server that nothing is known about, may serve whatever is a model at all.</summary>
    private static readonly FrozenSet<string> ServeAnything = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "litellm", "custom");

    /// <summary>
    /// Whether a wildcard LLM of this provider is to answer for the bare name. Azure, Vertex and Bedrock call models by
    /// names of their own and serve none.
    /// </summary>
    public static bool Serves(string provider, string model) =>
        ByProvider.TryGetValue(provider, out ModelNames? names) ? names.Hold(model) : ServeAnything.Contains(provider) && Knows(model);

    /// <summary>Whether the name is anybody's model.</summary>
    public static bool Knows(string model)
    {
        foreach (ModelNames names in ByProvider.Values)
        {
            if (names.Hold(model))
            {
                return true;
            }
        }

        return false;
    }

    private static FrozenDictionary<string, ModelNames> Load()
    {
        using Stream file = typeof(KnownModels).Assembly.GetManifestResourceStream("LlmProxy.Routing.known-models.json")
            ?? throw new InvalidOperationException("known-models.json is not in the assembly.");
        using JsonDocument document = JsonDocument.Parse(file);
        return document.RootElement.EnumerateObject().ToFrozenDictionary(
            provider => provider.Name,
            provider => new ModelNames([.. provider.Value.EnumerateArray().Select(name => name.GetString()!)]),
            StringComparer.OrdinalIgnoreCase);
    }

    private sealed class ModelNames(IReadOnlyList<string> written)
    {
        private readonly FrozenSet<string> _whole =
            written.Where(name => !name.EndsWith('*') && !name.StartsWith('!')).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

        private readonly string[] _families = [.. written.Where(name => name.EndsWith('*') && !name.StartsWith('!')).Select(name => name[..^1])];

        private readonly string[] _exceptions = [.. written.Where(name => name.StartsWith('!')).Select(name => name.Trim('!', '*'))];

        public bool Hold(string model) => _whole.Contains(model) || (BeginsWithOne(_families, model) && !BeginsWithOne(_exceptions, model));

        private static bool BeginsWithOne(string[] beginnings, string model)
        {
            foreach (string beginning in beginnings)
            {
                if (model.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
