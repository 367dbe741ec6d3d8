using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>One JSON request to the dummy, with what its answers need.</summary>
internal sealed class DummyCall(JsonElement root, string fallbackModel, DummySettings settings, TimeProvider time)
{
    public JsonElement Root { get; } = root;

    public DummySettings Settings { get; } = settings;

    public TimeProvider Time { get; } = time;

    public string Model { get; } = root.Text("model") is { Length: > 0 } model ? model : fallbackModel;

    public long Created { get; } = time.GetUtcNow().ToUnixTimeSeconds();

    public bool IsStream { get; } = root.IsTrue("stream");

    public static string NewId(string prefix) => prefix + Guid.CreateVersion7().ToString("N");
}

/// <summary>Careful reading of a request's JSON: what is absent or null is null, what has the wrong type is refused.</summary>
internal static class DummyJson
{
    public static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement element, string name) =>
        element.Field(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new DummyRefusal(400, $"Invalid type for '{name}': expected a string.", name, "invalid_type");

    public static bool IsTrue(this JsonElement element, string name) => element.Field(name) is { ValueKind: JsonValueKind.True };

    public static bool IsFalse(this JsonElement element, string name) => element.Field(name) is { ValueKind: JsonValueKind.False };

    public static int? Whole(this JsonElement element, string name, int least, int most)
    {
        if (element.Field(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw new DummyRefusal(400, $"Invalid '{name}': expected a whole number from {least} to {most}.", name, "invalid_value");
    }

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => element.Field(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } array => array.EnumerateArray(),
        _ => throw new DummyRefusal(400, $"Invalid type for '{name}': expected an array.", name, "invalid_type"),
    };
}
