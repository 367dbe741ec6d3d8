using System.Collections.Frozen;
using System.Text.Json;

namespace LlmProxy.Routing.Registry;

/// <summary>What one vendor offers: its prices by folded name, and which names to show.</summary>
internal sealed record VendorSheet(
    FrozenDictionary<string, ModelPrices> Prices, FrozenDictionary<string, string> Aliases, IReadOnlyList<string> SameAs, IReadOnlyList<string> Listed);

/// <summary>Reads model-facts.json. A mistake in it is a mistake in the build, and fails at the first use.</summary>
internal static class RegistryFile
{
    public static (FrozenDictionary<string, ModelFacts> Models, FrozenDictionary<string, VendorSheet> Vendors) Read(JsonElement root)
    {
        string asOf = root.GetProperty("as_of").GetString()!;
        var models = new Dictionary<string, ModelFacts>(StringComparer.Ordinal);
        foreach (JsonElement model in root.GetProperty("models").EnumerateArray())
        {
            ModelFacts facts = Facts(model, asOf);
            foreach (JsonElement name in model.GetProperty("names").EnumerateArray())
            {
                models.Add(ModelName.Fold(name.GetString()!), facts);
            }
        }

        var vendors = new Dictionary<string, VendorSheet>(StringComparer.OrdinalIgnoreCase);
        foreach (JsonProperty vendor in root.GetProperty("vendors").EnumerateObject())
        {
            vendors.Add(vendor.Name, Sheet(vendor.Value));
        }

        return (models.ToFrozenDictionary(StringComparer.Ordinal), vendors.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase));
    }

    private static VendorSheet Sheet(JsonElement vendor)
    {
        string asOf = vendor.GetProperty("as_of").GetString()!;
        var prices = new Dictionary<string, ModelPrices>(StringComparer.Ordinal);
        var listed = new List<string>();
        foreach (JsonProperty model in vendor.GetProperty("models").EnumerateObject())
        {
            prices.Add(ModelName.Fold(model.Name), Prices(model.Value, asOf));
            if (!model.Value.TryGetProperty("retired", out _))
            {
                listed.Add(model.Name);
            }
        }

        return new VendorSheet(
            prices.ToFrozenDictionary(StringComparer.Ordinal),
            vendor.TryGetProperty("aliases", out JsonElement aliases)
                ? aliases.EnumerateObject().ToFrozenDictionary(a => a.Name, a => a.Value.GetString()!, StringComparer.OrdinalIgnoreCase)
                : FrozenDictionary<string, string>.Empty,
            Texts(vendor, "same_as"),
            listed);
    }

    private static ModelFacts Facts(JsonElement model, string asOf) => new()
    {
        Capabilities = Texts(model, "capabilities").ToFrozenSet(StringComparer.OrdinalIgnoreCase),
        Quality = Whole(model, "quality"),
        TypicalLatencyMs = Whole(model, "typical_latency_ms"),
        ContextWindow = Whole(model, "context_window"),
        MaxOutputTokens = Whole(model, "max_output_tokens"),
        Thinks = model.TryGetProperty("thinks", out _),
        AsOf = Date(model, asOf),
    };

    private static ModelPrices Prices(JsonElement model, string asOf) => new()
    {
        Input = Price(model, "input"),
        Output = Price(model, "output"),
        CachedInput = Price(model, "cached_input"),
        CacheWrite = Price(model, "cache_write"),
        Long = model.TryGetProperty("long", out JsonElement tier)
            ? new LongPromptPrices(tier.GetProperty("above").GetInt64(), Price(tier, "input"), Price(tier, "output"), Price(tier, "cached_input"), Price(tier, "cache_write"))
            : null,
        AsOf = Date(model, asOf),
    };

    private static string Date(JsonElement entry, string otherwise) => entry.TryGetProperty("as_of", out JsonElement own) ? own.GetString()! : otherwise;

    private static int Whole(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement number) ? number.GetInt32() : 0;

    private static decimal? Price(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement price) ? price.GetDecimal() : null;

    private static string[] Texts(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out JsonElement list) ? [.. list.EnumerateArray().Select(text => text.GetString()!)] : [];
}
