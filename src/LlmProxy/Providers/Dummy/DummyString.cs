using System.Globalization;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>A string that a JSON schema accepts: of its format and within its lengths.</summary>
internal static class DummyString
{
    private const int Longest = 10_000;

    public static string For(JsonElement schema, string name, int ordinal)
    {
        if (ordinal == 0 && Example(schema) is { } example)
        {
            return example;
        }

        string suffix = ordinal == 0 ? "" : ordinal.ToString(CultureInfo.InvariantCulture);
        string? format = schema.Field("format") is { ValueKind: JsonValueKind.String } written ? written.GetString() : null;
        string? formatted = format switch
        {
            "date-time" => $"2025-01-01T00:00:{ordinal % 60:00}Z",
            "date" => $"2025-01-{1 + (ordinal % 28):00}",
            "time" => $"00:00:{ordinal % 60:00}Z",
            "duration" => $"PT{1 + ordinal}S",
            "email" or "idn-email" => $"user{suffix}@example.com",
            "hostname" or "idn-hostname" => $"host{suffix}.example.com",
            "ipv4" => $"192.0.2.{1 + (ordinal % 254)}",
            "ipv6" => $"2001:db8::{1 + (ordinal % 9999)}",
            "uuid" => $"00000000-0000-4000-8000-{ordinal:000000000000}",
            "uri" or "iri" or "uri-reference" => $"https://example.com/{suffix}",
            _ => null,
        };
        return formatted ?? WithinLengths(schema, name + suffix);
    }

    private static string? Example(JsonElement schema)
    {
        if (schema.Field("default") is { ValueKind: JsonValueKind.String } preset)
        {
            return preset.GetString();
        }

        // The one way to satisfy a pattern without solving it.
        return schema.Field("examples") is { ValueKind: JsonValueKind.Array } examples && examples.GetArrayLength() > 0 && examples[0].ValueKind == JsonValueKind.String
            ? examples[0].GetString()
            : null;
    }

    private static string WithinLengths(JsonElement schema, string text)
    {
        int? least = Length(schema, "minLength");
        int? most = Length(schema, "maxLength");
        if (least > text.Length)
        {
            text = text.PadRight(least.Value, 'x');
        }

        return most < text.Length ? text[..most.Value] : text;
    }

    private static int? Length(JsonElement schema, string name) =>
        schema.Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int length) && length >= 0 ? Math.Min(length, Longest) : null;
}
