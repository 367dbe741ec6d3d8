using System.Text.Json;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Admin;

/// <summary>One LLM as operators see it: everything but its secrets, whether it is enabled or not.</summary>
internal static class LlmEntry
{
    public static void Write(Utf8JsonWriter json, GatewaySnapshot snapshot, LlmOptions options)
    {
        snapshot.Llms.TryGetValue(options.Name, out Deployment? llm);
        json.WriteStartObject();
        json.WriteString("id", options.Name);
        json.WriteString("name", options.Name);
        json.WriteString("provider", options.Provider);
        json.WriteString("model_name", options.Model);
        json.WriteBoolean("enabled", options.Enabled);
        json.WriteNumber("priority", options.Priority);
        json.WriteBoolean("is_default", IsDefault(snapshot, options, llm));
        json.WriteString("scope", options.Scope);
        json.WriteString("source", SourceOf(options.Source));
        json.WriteBoolean("read_only", true);
        json.WriteString("unavailable", llm?.Unavailable);
        WriteAddresses(json, options);
        WriteAuth(json, options.Auth);
        json.WritePropertyName("config");
        JsonSerializer.Serialize(json, options.Config, RouteTarget.JsonOptions);
        WriteFacts(json, options, llm);
        WriteLimits(json, options);
        json.WriteEndObject();
    }

    /// <summary>What is in force: for all callers, or for the one workspace that sees it.</summary>
    private static bool IsDefault(GatewaySnapshot snapshot, LlmOptions options, Deployment? llm) =>
        llm is { IsGlobal: true } && snapshot.Models.ChosenLlm is { } chosen ? chosen == llm : options.IsDefault;

    private static string SourceOf(LlmSource source) => source switch
    {
        LlmSource.File => "file",
        LlmSource.Environment => "environment",
        LlmSource.CommandLine => "command_line",
        LlmSource.Database => "database",
        _ => "builtin",
    };

    private static void WriteAddresses(Utf8JsonWriter json, LlmOptions options)
    {
        json.WriteString("base_url", SecretMask.Apply(options.BaseUrl));
        WriteList(json, "destinations", options.Destinations.Select(address => SecretMask.Apply(address)));
        // Any of them may be a credential.
        json.WriteStartObject("headers");
        foreach (string name in options.Headers.Keys)
        {
            json.WriteString(name, SecretMask.Mask);
        }

        json.WriteEndObject();
    }

    private static void WriteAuth(Utf8JsonWriter json, AuthSettings auth)
    {
        json.WriteStartObject("auth_meta");
        foreach (string name in auth.Values.Keys.Order(StringComparer.Ordinal))
        {
            json.WriteStartObject(name);
            json.WriteBoolean("set", true);
            json.WriteString("value", SecretMask.Mask);
            json.WriteString("from", auth.Sources.GetValueOrDefault(name) ?? auth.Sources.GetValueOrDefault(Configuration.Binding.AuthBinder.ManyKeys) ?? "configuration");
            json.WriteEndObject();
        }

        if (auth.ApiKeys.Count > 0)
        {
            json.WriteNumber("api_keys", auth.ApiKeys.Count);
        }

        WriteList(json, "missing", auth.Missing);
        json.WriteEndObject();
    }

    private static void WriteFacts(Utf8JsonWriter json, LlmOptions options, Deployment? llm)
    {
        Providers.IProvider? provider = Providers.ProviderCatalog.All.GetValueOrDefault(options.Provider);
        bool isLocal = llm?.IsLocal ?? (provider is null ? options.Local == true : Deployment.StaysInHouse(options, provider.Card));
        LlmFacts facts = llm?.Facts ?? LlmFacts.Of(options, options.Provider, options.Model, isLocal);
        json.WriteBoolean("local", isLocal);
        WriteList(json, "capabilities", facts.Capabilities.Order(StringComparer.Ordinal));
        WriteList(json, "endpoints", llm is null ? options.Endpoints : [.. EndpointKind.OfOpenAi.Where(llm.Has).Select(endpoint => endpoint.Name)]);
        json.WriteNumber("quality", facts.Quality);
        json.WriteNumber("typical_latency_ms", facts.TypicalLatencyMs);
        json.WriteNumber("context_window", facts.ContextWindow);
        json.WriteNumber("max_output_tokens", facts.MaxOutputTokens);
        WritePrice(json, "input_price_per_million", facts.InputPricePerMillion);
        WritePrice(json, "output_price_per_million", facts.OutputPricePerMillion);
        WritePrice(json, "cached_input_price_per_million", facts.CachedInputPricePerMillion);
        WritePrice(json, "cache_write_price_per_million", facts.CacheWritePricePerMillion);
        WritePrice(json, "price_per_image", facts.PricePerImage);
        WritePrice(json, "price_per_minute", facts.PricePerMinute);
        WritePrice(json, "price_per_million_characters", facts.PricePerMillionCharacters);
    }

    private static void WriteLimits(Utf8JsonWriter json, LlmOptions options)
    {
        json.WriteNumber("weight", options.Weight);
        WriteList(json, "fallbacks", options.Fallbacks);
        json.WriteNumber("timeout_seconds", options.TimeoutSeconds);
        json.WriteNumber("first_token_timeout_seconds", options.FirstTokenTimeoutSeconds);
        json.WriteNumber("idle_timeout_seconds", options.IdleTimeoutSeconds);
        json.WriteNumber("max_parallel", options.MaxParallel);
        json.WriteNumber("requests_per_minute", options.RequestsPerMinute);
        json.WriteNumber("tokens_per_minute", options.TokensPerMinute);
        json.WriteNumber("hedge_after_ms", options.HedgeAfterMs);
        json.WriteString("on_client_gone", options.OnClientGone == OnClientGone.Drain ? "drain" : "abort");
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
