using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Routing.Registry;

namespace LlmProxy.Endpoints;

/// <summary>One model as GET /v1/models shows it: OpenAI's fields, and an "llm" object with what is known about it.</summary>
internal sealed record ModelEntry(string Id, string OwnedBy, RouteTarget? Target, IReadOnlyList<string> Members)
{
    /// <summary>A moment that does not change: OpenAI's shape wants one, and no vendor's real one is known here.</summary>
    private const long Created = 1735689600;

    public static DateTimeOffset CreatedAt { get; } = DateTimeOffset.FromUnixTimeSeconds(Created);

    /// <summary>Null for a chain.</summary>
    public Deployment? Llm => Target?.Deployment;

    public LlmFacts? Facts => Target?.Facts;

    /// <summary>Configured LLMs, chains, aliases; then the well-known models that wildcard LLMs serve, by the names that reach them.</summary>
    public static IEnumerable<ModelEntry> VisibleTo(GatewaySnapshot snapshot, Caller caller)
    {
        foreach (Deployment llm in snapshot.Models.ByPriority)
        {
            if (!llm.IsWildcard && llm.Unavailable is null && For(snapshot, caller, llm.Name) is { } entry)
            {
                yield return entry;
            }
        }

        foreach ((string name, _) in snapshot.Models.Chains)
        {
            if (For(snapshot, caller, name) is { } entry)
            {
                yield return entry;
            }
        }

        foreach (string alias in snapshot.Models.Aliases)
        {
            if (For(snapshot, caller, alias) is { } entry)
            {
                yield return entry;
            }
        }

        var shown = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (Deployment wildcard in snapshot.Models.ByPriority)
        {
            if (!wildcard.IsWildcard || wildcard.Unavailable is not null)
            {
                continue;
            }

            foreach (string model in ModelRegistry.ModelsOf(wildcard.ProviderName))
            {
                // Only where the bare name leads to this wildcard: LLMs, chains and aliases may hide it.
                if (shown.Add(model) && For(snapshot, caller, model) is { Target.Deployment.IsWildcard: true } entry)
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>Null when the name stands for nothing that this caller could reach.</summary>
    public static ModelEntry? For(GatewaySnapshot snapshot, Caller caller, string name)
    {
        if (snapshot.Models.Find(name) is not { } found || found.Targets.Count == 0)
        {
            return null;
        }

        foreach (EndpointKind endpoint in EndpointKind.All)
        {
            if (found.Targets[0].Deployment.Has(endpoint)
                && RoutePlanner.PlanFor(snapshot, caller, endpoint, name, Wishes.None) is { Refusal: null } plan)
            {
                RouteTarget first = plan.Targets[0];
                return found.Kind == NameKind.Chain
                    ? new ModelEntry(name, "chain", null, [.. found.Targets.Where(t => t.Deployment.IsVisibleTo(caller.Workspace)).Select(t => t.Deployment.Name)])
                    : new ModelEntry(name, first.Deployment.ProviderName, first, []);
            }
        }

        return null;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("object", "model");
        json.WriteNumber("created", Created);
        json.WriteString("owned_by", OwnedBy);
        json.WriteStartObject("llm");
        if (Target is null)
        {
            WriteList(json, "members", Members);
        }
        else
        {
            WriteLlm(json, Target.Deployment, Target.Model);
            WriteFacts(json, Target.Facts);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLlm(Utf8JsonWriter json, Deployment llm, string model)
    {
        json.WriteString("name", llm.Name);
        json.WriteString("provider", llm.ProviderName);
        json.WriteString("model", model);
        json.WriteBoolean("local", llm.IsLocal);
        json.WriteNumber("priority", llm.Options.Priority);
        json.WriteBoolean("is_default", llm.Options.IsDefault);
        WriteList(json, "endpoints", [.. EndpointKind.OfOpenAi.Where(llm.Has).Select(e => e.Name)]);
        json.WriteNumber("measured_latency_ms", Math.Round(llm.State.Latency.FirstOutputMs, 1));
    }

    private static void WriteFacts(Utf8JsonWriter json, LlmFacts facts)
    {
        WriteList(json, "capabilities", facts.Capabilities.Order(StringComparer.Ordinal));
        json.WriteNumber("quality", facts.Quality);
        json.WriteNumber("typical_latency_ms", facts.TypicalLatencyMs);
        WritePrice(json, "input_price_per_million", facts.InputPricePerMillion);
        WritePrice(json, "output_price_per_million", facts.OutputPricePerMillion);
        WritePrice(json, "cached_input_price_per_million", facts.CachedInputPricePerMillion);
        WritePrice(json, "cache_write_price_per_million", facts.CacheWritePricePerMillion);
        WritePriceIfKnown(json, "price_per_image", facts.PricePerImage);
        WritePriceIfKnown(json, "price_per_minute", facts.PricePerMinute);
        WritePriceIfKnown(json, "price_per_million_characters", facts.PricePerMillionCharacters);
        json.WriteNumber("context_window", facts.ContextWindow);
        json.WriteNumber("max_output_tokens", facts.MaxOutputTokens);
        if (facts.LongPrompt is { } longer)
        {
            json.WriteStartObject("long_prompt");
            json.WriteNumber("above_tokens", longer.AboveTokens);
            WritePrice(json, "input_price_per_million", longer.Input);
            WritePrice(json, "output_price_per_million", longer.Output);
            WritePrice(json, "cached_input_price_per_million", longer.CachedInput);
            WritePrice(json, "cache_write_price_per_million", longer.CacheWrite);
            json.WriteEndObject();
        }

        json.WriteString("facts_as_of", facts.AsOf);
    }

    /// <summary>Prices of things that few LLMs make.</summary>
    private static void WritePriceIfKnown(Utf8JsonWriter json, string name, decimal? price)
    {
        if (price is not null)
        {
            WritePrice(json, name, price);
        }
    }

    private static void WritePrice(Utf8JsonWriter json, string name, decimal? price)
    {
        if (price is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (string item in items)
        {
            json.WriteStringValue(item);
        }

        json.WriteEndArray();
    }
}
