using LlmProxy.Configuration.Options;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Accounting.Repricing;

/// <summary>What the configured LLMs cost today, for calls of any day.</summary>
internal sealed class PriceList
{
    public const string Gone = "no LLM of that name and provider is configured any more";
    public const string NoPrice = "no price is configured or known for it";

    private readonly Dictionary<string, Deployment> _llms;
    private readonly ModelDirectory _models;

    /// <summary>The disabled ones have prices too.</summary>
    public PriceList(GatewayOptions options, TimeProvider time)
    {
        List<Deployment> llms = [.. options.Llms
            .Where(llm => ProviderCatalog.All.ContainsKey(llm.Provider))
            .Select(llm => new Deployment(llm, ProviderCatalog.All[llm.Provider], new LlmState(llm.Provider, llm.Name, time)))];
        _llms = llms.ToDictionary(llm => llm.Name, StringComparer.OrdinalIgnoreCase);
        _models = new ModelDirectory(options, llms);
    }

    /// <summary>In units of <see cref="Money"/>; null: it is left as it is, and why says so.</summary>
    /// <param name="requested">Says which model a wildcard was asked for.</param>
    public long? Cost(string? llm, string? provider, string? requested, in TokenUsage usage, out string why)
    {
        why = Gone;
        if (llm is null || !_llms.TryGetValue(llm, out Deployment? found) || !found.ProviderName.Equals(provider, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        why = NoPrice;
        return FactsOf(found, requested) is { } facts ? Money.ToUnits(PriceBook.Cost(facts, found.IsLocal, usage)) : null;
    }

    private LlmFacts? FactsOf(Deployment llm, string? requested)
    {
        if (!llm.IsWildcard)
        {
            return llm.Facts;
        }

        RouteTarget? target = requested is null ? null : _models.Find(requested)?.Targets.FirstOrDefault(target => target.Deployment == llm);
        return target?.Facts ?? (llm.Facts.IsPriced ? llm.Facts : null);
    }
}
