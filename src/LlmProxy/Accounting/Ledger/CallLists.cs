using System.Text.Json;
using LlmProxy.Pipeline;

namespace LlmProxy.Accounting.Ledger;

/// <summary>Reads the attempts and tags that <see cref="CallListWriter"/> wrote.</summary>
internal static class CallLists
{
    private const string None = "[]";

    /// <summary>What is not readable (somebody edited it) is left out.</summary>
    public static IReadOnlyList<AttemptRecord> ReadTries(string text) => Read(text, static item => item.ValueKind != JsonValueKind.Object ? null : new AttemptRecord(
        Text(item, "llm"),
        Text(item, "provider"),
        Text(item, "outcome"),
        item.TryGetProperty("ms", out JsonElement ms) && ms.ValueKind == JsonValueKind.Number ? ms.GetDouble() : 0));

    public static IReadOnlyList<string> ReadTags(string text) => Read(text, static item => item.ValueKind == JsonValueKind.String ? item.GetString() : null);

    private static IReadOnlyList<T> Read<T>(string text, Func<JsonElement, T?> read)
        where T : class
    {
        if (text is None or "")
        {
            return [];
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Array
                ? [.. document.RootElement.EnumerateArray().Select(read).OfType<T>()]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static string Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
