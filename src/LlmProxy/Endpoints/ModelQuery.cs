using System.Globalization;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Endpoints;

/// <summary>The filters of GET /v1/models, from which "cheapest", "fastest" and "best" can be asked.</summary>
internal sealed record ModelQuery(string? Capability, string? Provider, bool? Local, decimal? MaxCostPer1K, string? Sort, int? Limit)
{
    private static readonly string[] Sorts = ["price", "latency", "quality"];

    public static GatewayError? Read(IQueryCollection query, out ModelQuery read)
    {
        read = new ModelQuery(null, null, null, null, null, null);
        string? One(string name) => query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value) && value.ToString() is { Length: > 0 } text ? text : null;
        bool? local = null;
        if (One("local") is { } localText)
        {
            if (!bool.TryParse(localText, out bool parsed))
            {
                return GatewayError.Invalid("local", "\"local\" must be true or false.");
            }

            local = parsed;
        }

        decimal? cost = null;
        if (One("max_cost_per_1k") is { } costText)
        {
            if (!decimal.TryParse(costText, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal parsed))
            {
                return GatewayError.Invalid("max_cost_per_1k", "\"max_cost_per_1k\" must be a number of USD.");
            }

            cost = parsed;
        }

        int? limit = null;
        if (One("limit") is { } limitText)
        {
            if (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) || parsed == 0)
            {
                return GatewayError.Invalid("limit", "\"limit\" must be a whole number above 0.");
            }

            limit = parsed;
        }

        string? sort = One("sort");
        if (sort is not null && !Sorts.Contains(sort, StringComparer.OrdinalIgnoreCase))
        {
            return GatewayError.Invalid("sort", $"\"sort\" must be one of {string.Join(", ", Sorts)}.");
        }

        read = new ModelQuery(One("capability"), One("provider"), local, cost, sort?.ToLowerInvariant(), limit);
        return null;
    }

    public IEnumerable<ModelEntry> Apply(IEnumerable<ModelEntry> entries)
    {
        bool filters = Capability is not null || Provider is not null || Local is not null || MaxCostPer1K is not null;
        if (filters || Sort is not null)
        {
            entries = entries.Where(e => e.Llm is not null && Passes(e.Llm));
        }

        entries = Sort switch
        {
            "price" => entries.OrderBy(e => Price(e.Llm!) ?? decimal.MaxValue),
            "latency" => entries.OrderBy(e => Latency(e.Llm!)),
            "quality" => entries.OrderByDescending(e => e.Llm!.Facts.Quality),
            _ => entries,
        };
        return Limit is { } limit ? entries.Take(limit) : entries;
    }

    private bool Passes(Deployment llm) =>
        (Capability is null || llm.Facts.Capabilities.Contains(Capability))
        && (Provider is null || llm.ProviderName.Equals(Provider, StringComparison.OrdinalIgnoreCase))
        && (Local is null || llm.IsLocal == Local)
        && (MaxCostPer1K is null || (Price(llm) is { } price && price / 1000m <= MaxCostPer1K));

    /// <summary>The larger of input and output price per million tokens.</summary>
    private static decimal? Price(Deployment llm)
    {
        if (!llm.Facts.IsPriced)
        {
            return llm.IsLocal ? 0m : null;
        }

        return Math.Max(llm.Facts.InputPricePerMillion ?? 0m, llm.Facts.OutputPricePerMillion ?? 0m);
    }

    private static double Latency(Deployment llm) => llm.State.Latency.FirstOutputMs > 0 ? llm.State.Latency.FirstOutputMs : llm.Facts.TypicalLatencyMs > 0 ? llm.Facts.TypicalLatencyMs : double.MaxValue;
}
