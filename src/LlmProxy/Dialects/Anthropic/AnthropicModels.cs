using System.Globalization;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>GET /v1/models as Anthropic's clients read it, page by page. https://platform.claude.com/docs/en/api/models-list</summary>
internal static class AnthropicModels
{
    /// <summary>Also where the client sets no limit: a gateway's models are few, and many clients read only the first page.</summary>
    private const int Most = 1000;

    /// <summary>Members that the newer SDKs demand and that only Anthropic could fill.</summary>
    private static readonly string[] Unknown = ["capabilities", "deprecated_at", "retires_at", "line"];

    /// <summary>Reads the page that was asked for; a value says what is wrong with the question.</summary>
    public static GatewayError? ReadPage(IQueryCollection query, out (string? After, string? Before, int Limit) page)
    {
        page = (Text(query, "after_id"), Text(query, "before_id"), Most);
        if (Text(query, "limit") is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) || limit is < 1 or > Most)
            {
                return GatewayError.Invalid("limit", $"\"limit\" must be a whole number from 1 to {Most}.");
            }

            page.Limit = limit;
        }

        return null;
    }

    public static void WritePage(Utf8JsonWriter json, IEnumerable<ModelEntry> all, (string? After, string? Before, int Limit) page)
    {
        List<ModelEntry> entries = [.. all];
        int from = page.After is { } after ? entries.FindIndex(e => e.Id == after) + 1 : 0;
        int to = entries.Count;
        if (page.Before is { } before && entries.FindIndex(e => e.Id == before) is >= 0 and var end)
        {
            // Backwards: the entries right before that one.
            to = end;
            from = Math.Max(from, to - page.Limit);
        }

        bool hasMore = page.Before is null ? to - from > page.Limit : from > 0;
        List<ModelEntry> shown = entries[from..Math.Max(from, Math.Min(to, from + page.Limit))];
        json.WriteStartObject();
        json.WriteStartArray("data"u8);
        foreach (ModelEntry entry in shown)
        {
            Write(json, entry);
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more"u8, hasMore);
        json.WriteString("first_id"u8, shown.Count > 0 ? shown[0].Id : null);
        json.WriteString("last_id"u8, shown.Count > 0 ? shown[^1].Id : null);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ModelEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "model"u8);
        json.WriteString("id"u8, entry.Id);
        json.WriteString("display_name"u8, entry.Id);
        json.WriteString("created_at"u8, ModelEntry.CreatedAt.UtcDateTime);
        json.WriteString("lifecycle"u8, "active"u8);
        foreach (string unknown in Unknown)
        {
            json.WriteNull(unknown);
        }

        WriteSize(json, "max_input_tokens"u8, entry.Facts?.ContextWindow ?? 0);
        WriteSize(json, "max_tokens"u8, entry.Facts?.MaxOutputTokens ?? 0);
        json.WriteEndObject();
    }

    private static void WriteSize(Utf8JsonWriter json, ReadOnlySpan<byte> name, int tokens)
    {
        if (tokens > 0)
        {
            json.WriteNumber(name, tokens);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string? Text(IQueryCollection query, string name) => query.TryGetValue(name, out var value) && value.ToString() is { Length: > 0 } text ? text : null;
}
