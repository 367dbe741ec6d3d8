using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Pipeline;

namespace LlmProxy.Accounting.Ledger;

/// <summary>A call's attempts and tags as the JSON text that the ledger keeps in one column each.</summary>
internal static class CallLists
{
    private const string None = "[]";

    public static string WriteTries(IReadOnlyList<AttemptRecord> tries)
    {
        if (tries.Count == 0)
        {
            return None;
        }

        return Write(tries, static (json, all) =>
        {
            foreach (AttemptRecord one in all)
            {
                json.WriteStartObject();
                json.WriteString("llm"u8, one.Llm);
                json.WriteString("provider"u8, one.Provider);
                json.WriteString("outcome"u8, one.Outcome);
                json.WriteNumber("ms"u8, double.IsFinite(one.ElapsedMs) ? Math.Round(one.ElapsedMs, 3) : 0);
                json.WriteEndObject();
            }
        });
    }

    public static string WriteTags(IReadOnlyList<string> tags) => tags.Count == 0 ? None : Write(tags, static (json, all) =>
    {
        foreach (string tag in all)
        {
            json.WriteStringValue(tag);
        }
    });

    /// <summary>What is not readable (somebody edited it) is left out.</summary>
    public static IReadOnlyList<AttemptRecord> ReadTries(string text) => Read(text, static item => item.ValueKind != JsonValueKind.Object ? null : new AttemptRecord(
        Text(item, "llm"),
        Text(item, "provider"),
        Text(item, "outcome"),
        item.TryGetProperty("ms", out JsonElement ms) && ms.ValueKind == JsonValueKind.Number ? ms.GetDouble() : 0));

    public static IReadOnlyList<string> ReadTags(string text) => Read(text, static item => item.ValueKind == JsonValueKind.String ? item.GetString() : null);

    private static string Write<T>(T all, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            write(json, all);
            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

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
