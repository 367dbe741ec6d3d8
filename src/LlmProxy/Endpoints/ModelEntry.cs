using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Endpoints;

/// <summary>One model as GET /v1/models shows it: OpenAI's fields, and an "llm" object with what is known about it.</summary>
internal sealed record ModelEntry(string Id, string OwnedBy, Deployment? Llm, IReadOnlyList<string> Members)
{
    /// <summary>A moment that does not change: OpenAI's shape wants one, and no vendor's real one is known here.</summary>
    private const long Created = 1735689600;

    public static DateTimeOffset CreatedAt { get; } = DateTimeOffset.FromUnixTimeSeconds(Created);

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
                Deployment first = plan.Targets[0].Deployment;
                return found.Kind == NameKind.Chain
                    ? new ModelEntry(name, "chain", null, [.. found.Targets.Select(t => t.Deployment.Name)])
                    : new ModelEntry(name, first.ProviderName, first, []);
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
        if (Llm is null)
        {
            WriteList(json, "members", Members);
        }
        else
        {
            WriteFacts(json, Llm);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteFacts(Utf8JsonWriter json, Deployment llm)
    {
        LlmOptions options = llm.Options;
        json.WriteString("name", llm.Name);
        json.WriteString("provider", llm.ProviderName);
        json.WriteString("model", options.Model);
        json.WriteBoolean("local", llm.IsLocal);
        json.WriteNumber("priority", options.Priority);
        json.WriteBoolean("is_default", options.IsDefault);
        WriteList(json, "capabilities", llm.Facts.Capabilities.Order(StringComparer.Ordinal));
        WriteList(json, "endpoints", [.. EndpointKind.OfOpenAi.Where(llm.Has).Select(e => e.Name)]);
        json.WriteNumber("quality", llm.Facts.Quality);
        json.WriteNumber("typical_latency_ms", llm.Facts.TypicalLatencyMs);
        json.WriteNumber("measured_latency_ms", Math.Round(llm.State.Latency.FirstOutputMs, 1));
        WritePrice(json, "input_price_per_million", llm.Facts.InputPricePerMillion);
        WritePrice(json, "output_price_per_million", llm.Facts.OutputPricePerMillion);
        json.WriteNumber("context_window", llm.Facts.ContextWindow);
        json.WriteNumber("max_output_tokens", llm.Facts.MaxOutputTokens);
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
