using System.Globalization;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Checks;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Endpoints;

/// <summary>The filters of GET /v1/models, from which "cheapest", "fastest" and "best" can be asked.</summary>
internal sealed record ModelQuery
{
    private static readonly string[] Sorts = ["price", "latency", "quality"];

    /// <summary>All of them are asked for.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public string? Provider { get; init; }

    public bool? Local { get; init; }

    public decimal? MaxCostPer1K { get; init; }

    public string? Sort { get; init; }

    public int? Limit { get; init; }

    private bool AsksForFacts => Capabilities.Count > 0 || Provider is not null || Local is not null || MaxCostPer1K is not null || Sort is not null;

    public static GatewayError? Read(IQueryCollection query, GatewaySnapshot snapshot, out ModelQuery read)
    {
        read = new ModelQuery();
        string[] capabilities = One(query, "capability")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (capabilities.Length > 0 && UnknownCapability(capabilities, snapshot) is { } unknown)
        {
            return unknown;
        }

        string? provider = One(query, "provider");
        if (provider is not null && !ProviderCatalog.All.ContainsKey(provider))
        {
            return GatewayError.Invalid("provider", $"Unknown provider \"{Shown(provider)}\". Known: {string.Join(", ", ProviderCatalog.All.Keys.Order(StringComparer.Ordinal))}.");
        }

        bool local = false;
        if (One(query, "local") is { } localText && !bool.TryParse(localText, out local))
        {
            return GatewayError.Invalid("local", "\"local\" must be true or false.");
        }

        decimal cost = 0;
        if (One(query, "max_cost_per_1k") is { } costText && !decimal.TryParse(costText, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out cost))
        {
            return GatewayError.Invalid("max_cost_per_1k", "\"max_cost_per_1k\" must be a number of USD.");
        }

        int limit = 0;
        if (One(query, "limit") is { } limitText && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit == 0))
        {
            return GatewayError.Invalid("limit", "\"limit\" must be a whole number above 0.");
        }

        string? sort = One(query, "sort")?.ToLowerInvariant();
        if (sort is not null && !Sorts.Contains(sort))
        {
            return GatewayError.Invalid("sort", $"\"sort\" must be one of {string.Join(", ", Sorts)}.");
        }

        read = new ModelQuery
        {
            Capabilities = capabilities,
            Provider = provider,
            Local = One(query, "local") is null ? null : local,
            MaxCostPer1K = One(query, "max_cost_per_1k") is null ? null : cost,
            Sort = sort,
            Limit = limit == 0 ? null : limit,
        };
        return null;
    }

    /// <summary>Chains have no facts of their own and are left out where facts are asked for. What nobody knows sorts last.</summary>
    public IEnumerable<ModelEntry> Apply(IEnumerable<ModelEntry> entries)
    {
        if (AsksForFacts)
        {
            entries = entries.Where(e => e.Target is not null && Passes(e.Target));
        }

        entries = Sort switch
        {
            "price" => entries.OrderBy(e => Price(e.Target!) ?? decimal.MaxValue),
            "latency" => entries.OrderBy(e => Latency(e.Target!)),
            "quality" => entries.OrderByDescending(e => e.Target!.Facts.Quality),
            _ => entries,
        };
        return Limit is { } limit ? entries.Take(limit) : entries;
    }

    private bool Passes(RouteTarget target) =>
        Capabilities.All(target.Facts.Capabilities.Contains)
        && (Provider is null || target.Deployment.ProviderName.Equals(Provider, StringComparison.OrdinalIgnoreCase))
        && (Local is null || target.Deployment.IsLocal == Local)
        && (MaxCostPer1K is null || (Price(target) is { } price && price / 1000m <= MaxCostPer1K));

    /// <summary>The larger of input and output price per million tokens.</summary>
    private static decimal? Price(RouteTarget target)
    {
        LlmFacts facts = target.Facts;
        return facts.IsPriced ? Math.Max(facts.InputPricePerMillion ?? 0m, facts.OutputPricePerMillion ?? 0m)
            : target.Deployment.IsLocal ? 0m
            : null;
    }

    private static double Latency(RouteTarget target)
    {
        double measured = target.Deployment.State.Latency.FirstOutputMs;
        return measured > 0 ? measured : target.Facts.TypicalLatencyMs > 0 ? target.Facts.TypicalLatencyMs : double.MaxValue;
    }

    /// <summary>The usual ones are known, and what an operator's LLMs list besides.</summary>
    private static GatewayError? UnknownCapability(string[] asked, GatewaySnapshot snapshot)
    {
        var known = new SortedSet<string>(LlmChecks.KnownCapabilities, StringComparer.OrdinalIgnoreCase);
        foreach (Deployment llm in snapshot.Models.ByPriority)
        {
            known.UnionWith(llm.Facts.Capabilities);
        }

        return Array.Find(asked, name => !known.Contains(name)) is { } unknown
            ? GatewayError.Invalid("capability", $"Unknown capability \"{Shown(unknown)}\". Known: {string.Join(", ", known)}.")
            : null;
    }

    private static string? One(IQueryCollection query, string name) =>
        query.TryGetValue(name, out StringValues value) && value.ToString() is { Length: > 0 } text ? text : null;

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "...";
}
