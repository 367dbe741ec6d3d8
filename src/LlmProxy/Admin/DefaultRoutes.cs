using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Configuration;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Storage;

namespace LlmProxy.Admin;

/// <summary>Which LLM answers when a call names none: shown, and switched by hand while the gateway runs.</summary>
internal sealed class DefaultRoutes(DatabaseKeeper databases, SettingStore settings, ManualDefault manualDefault, BufferBudget budget, TimeProvider time, ILogger<DefaultRoutes> logger)
{
    /// <summary>There is one admin key, and whoever holds it is nobody in particular.</summary>
    private const string Who = "admin key";

    private static readonly string[] Fields = ["llm", "provider"];

    public Task<GatewayError?> ShowAsync(HttpContext http, GatewaySnapshot snapshot) => AdminJson.SendAsync(http, json => Write(json, snapshot));

    public async Task<GatewayError?> SwitchAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        using var body = new AdminBody(budget, time);
        DefaultChosen chosen = DefaultChosen.Nothing;
        if ((await body.ReadAsync(http, snapshot, AdminBody.SmallBytes, Fields) ?? Read(body, snapshot, out chosen)) is { } wrong)
        {
            return wrong;
        }

        if (databases.Current is not { } database)
        {
            return AdminDoor.DatabaseGone(databases.WhyAway);
        }

        DefaultChosen before = manualDefault.Chosen;
        await settings.ChangeAsync(database, StoredSetting.Default, chosen == DefaultChosen.Nothing ? null : ValueOf(chosen), Who, http.RequestAborted);
        databases.Remember();
        logger.DefaultChanged(Who, Say(before), Say(chosen));
        return await ShowAsync(http, snapshot);
    }

    private static GatewayError? Read(AdminBody body, GatewaySnapshot snapshot, out DefaultChosen chosen)
    {
        chosen = DefaultChosen.Nothing;
        string? provider = null;
        if ((body.Text("llm", out string? llm) ?? body.Text("provider", out provider)) is { } wrong)
        {
            return wrong;
        }

        bool namesBoth = body.Root.TryGetProperty("llm", out _) && body.Root.TryGetProperty("provider", out _);
        if (namesBoth || !body.Root.EnumerateObject().Any())
        {
            return GatewayError.Missing("llm", "Say one of the two: {\"llm\": NAME} or {\"provider\": NAME}. {\"llm\": null} gives the configured default back.");
        }

        return llm is not null ? ReadLlm(llm, snapshot, ref chosen) : provider is not null ? ReadProvider(provider, snapshot, ref chosen) : null;
    }

    private static GatewayError? ReadLlm(string name, GatewaySnapshot snapshot, ref DefaultChosen chosen)
    {
        if (AdminLlms.Find(snapshot, name, out GatewayError? unknown) is not { } options)
        {
            return unknown! with { Code = ErrorCode.InvalidValue, Status = 400, Param = "llm" };
        }

        if (!snapshot.Llms.TryGetValue(options.Name, out Deployment? llm))
        {
            return GatewayError.Invalid("llm", $"The LLM \"{options.Name}\" is disabled.");
        }

        if (llm.IsWildcard)
        {
            return GatewayError.Invalid("llm", $"The LLM \"{llm.Name}\" serves any model of {llm.ProviderName} and none by itself: it cannot answer calls that name no model.");
        }

        if (!llm.IsGlobal)
        {
            return GatewayError.Invalid("llm", $"Only the workspace \"{llm.Options.Scope}\" sees the LLM \"{llm.Name}\": it cannot be the default of all.");
        }

        chosen = new DefaultChosen(llm.Name, null);
        return null;
    }

    private static GatewayError? ReadProvider(string name, GatewaySnapshot snapshot, ref DefaultChosen chosen)
    {
        var asked = new DefaultChosen(null, name.ToLowerInvariant());
        if (ManualDefault.Find(asked, snapshot.Models.ByPriority) is not null)
        {
            chosen = asked;
            return null;
        }

        string[] configured = [.. snapshot.Models.ByPriority.Where(llm => llm is { IsWildcard: false, IsGlobal: true }).Select(llm => llm.ProviderName).Distinct()];
        string what = Providers.ProviderCatalog.All.ContainsKey(name) ? $"No enabled LLM of the provider \"{name}\" could answer calls that name no model" : $"Unknown provider \"{Shorten(name)}\"";
        return GatewayError.Invalid("provider", $"{what}.{AdminJson.Near(name, configured)} Providers that could: {string.Join(", ", configured)}.");
    }

    /// <summary>What holds for callers whose workspace has no default of its own.</summary>
    private void Write(Utf8JsonWriter json, GatewaySnapshot snapshot)
    {
        Deployment? chosen = snapshot.Models.ChosenLlm;
        Deployment? llm = chosen ?? snapshot.Models.ByPriority.FirstOrDefault(d => d is { Options.IsDefault: true, IsGlobal: true });
        StoredSetting? stored = settings.Find(StoredSetting.Default);
        json.WriteString("source", chosen is not null ? "database" : llm is not null ? "configuration" : "none");
        json.WriteString("llm", llm?.Name);
        json.WriteString("provider", llm?.ProviderName);
        AdminJson.WriteRaw(json, "chosen", stored?.Value);
        if (stored is null)
        {
            json.WriteNull("since");
        }
        else
        {
            json.WriteString("since", stored.UpdatedAt);
        }

        json.WriteString("by", stored?.UpdatedBy);
        if (stored is not null && chosen is null)
        {
            json.WriteString("note", "What was chosen is not configured any more, or disabled: the configured default holds until it is back or another is chosen.");
        }
    }

    private static string ValueOf(DefaultChosen chosen)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, AdminJson.Writing))
        {
            json.WriteStartObject();
            json.WriteString(chosen.Llm is null ? "provider" : "llm", chosen.Llm ?? chosen.Provider);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static string Say(DefaultChosen chosen) => chosen.Llm ?? (chosen.Provider is { } provider ? $"provider {provider}" : "as configured");

    private static string Shorten(string text) => text.Length <= 64 ? text : text[..64] + "...";
}
