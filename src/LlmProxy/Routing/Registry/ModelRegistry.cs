using System.Collections.Frozen;
using System.Text.Json;

namespace LlmProxy.Routing.Registry;

/// <summary>
/// The shipped facts of well-known models (model-facts.json): what they are by name, wherever they run, and what each vendor
/// takes for them. Asked when a configuration is read, and once for each new name that a wildcard LLM is asked for.
/// </summary>
internal static class ModelRegistry
{
    private static readonly (FrozenDictionary<string, ModelFacts> Models, FrozenDictionary<string, VendorSheet> Vendors) Known = Load();

    /// <summary>How LiteLLM's model names call the vendors that are called otherwise here.</summary>
    private static readonly FrozenDictionary<string, string> OtherNames = new Dictionary<string, string>
    {
        ["vertex_ai"] = "vertex",
        ["together_ai"] = "together",
        ["fireworks_ai"] = "fireworks",
        ["hosted_vllm"] = "vllm",
        ["ollama_chat"] = "ollama",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Null for a model that the file does not name.</summary>
    public static ModelFacts? FactsOf(string provider, string model)
    {
        (provider, model) = Followed(provider, model);
        if (IsTuned(model))
        {
            model = model.Split(':')[1];
        }

        FrozenDictionary<string, string>? aliases = Known.Vendors.TryGetValue(provider, out VendorSheet? sheet) ? sheet.Aliases : null;
        foreach (string name in ModelName.ForFacts(provider, model))
        {
            string key = ModelName.Fold(aliases is not null && aliases.TryGetValue(name, out string? alias) ? alias : name);
            if (Known.Models.TryGetValue(key, out ModelFacts? facts))
            {
                return facts;
            }
        }

        return null;
    }

    /// <summary>Null where nobody knows what the vendor takes.</summary>
    public static ModelPrices? PricesOf(string provider, string model)
    {
        (provider, model) = Followed(provider, model);
        if (!Known.Vendors.TryGetValue(provider, out VendorSheet? sheet) || IsTuned(model))
        {
            return null;
        }

        foreach (string name in ModelName.ForPrices(provider, model))
        {
            string key = ModelName.Fold(name);
            if (sheet.Prices.TryGetValue(key, out ModelPrices? prices) || PricesOfSame(sheet, key, out prices))
            {
                return prices;
            }
        }

        return null;
    }

    /// <summary>The vendor's models that can be called today, as it calls them.</summary>
    public static IReadOnlyList<string> ModelsOf(string provider) =>
        Known.Vendors.TryGetValue(provider, out VendorSheet? sheet) ? sheet.Listed : [];

    private static bool PricesOfSame(VendorSheet sheet, string key, out ModelPrices? prices)
    {
        foreach (string same in sheet.SameAs)
        {
            if (Known.Vendors[same].Prices.TryGetValue(key, out prices))
            {
                return true;
            }
        }

        prices = null;
        return false;
    }

    /// <summary>OpenAI's "ft:gpt-4o-mini:org::id" is its base model in all but the price.</summary>
    private static bool IsTuned(string model) => model.StartsWith("ft:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Behind another gateway it is the vendor that the name begins with.</summary>
    private static (string Provider, string Model) Followed(string provider, string model)
    {
        int slash = model.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && provider.Equals("litellm", StringComparison.OrdinalIgnoreCase))
        {
            string named = model[..slash];
            named = OtherNames.GetValueOrDefault(named, named);
            if (Providers.ProviderCatalog.All.ContainsKey(named))
            {
                return (named, model[(slash + 1)..]);
            }
        }

        return (provider, model);
    }

    private static (FrozenDictionary<string, ModelFacts> Models, FrozenDictionary<string, VendorSheet> Vendors) Load()
    {
        using Stream file = typeof(ModelRegistry).Assembly.GetManifestResourceStream("LlmProxy.Routing.model-facts.json")
            ?? throw new InvalidOperationException("model-facts.json is not in the assembly.");
        using JsonDocument document = JsonDocument.Parse(file);
        return RegistryFile.Read(document.RootElement);
    }
}
