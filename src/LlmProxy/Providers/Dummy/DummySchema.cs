using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>Writes the plainest JSON that a JSON schema accepts.</summary>
internal sealed class DummySchema(JsonElement root)
{
    // Required properties that contain themselves can be left only through a null branch; beyond this nothing can help.
    private const int Deepest = 48;
    private const int PreferLeavesFrom = 6;

    // A schema that refers to itself twice doubles at every level.
    private const int MostSteps = 20_000;

    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private int _steps;

    public static string Fill(JsonElement schema)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Options);
        new DummySchema(schema).Write(json, schema, "text", 0, 0);
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary><paramref name="ordinal"/> tells the items of an array apart, where they have to differ.</summary>
    private void Write(Utf8JsonWriter json, JsonElement schema, string name, int ordinal, int depth)
    {
        schema = Resolve(schema, depth);
        if (depth > Deepest || ++_steps > MostSteps)
        {
            json.WriteNullValue();
        }
        else if (schema.Field("const") is { } constant)
        {
            constant.WriteTo(json);
        }
        else if (schema.Field("enum") is { ValueKind: JsonValueKind.Array } values && values.GetArrayLength() > 0)
        {
            values[ordinal % values.GetArrayLength()].WriteTo(json);
        }
        else
        {
            WriteTyped(json, schema, name, ordinal, depth);
        }
    }

    private void WriteTyped(Utf8JsonWriter json, JsonElement schema, string name, int ordinal, int depth)
    {
        switch (TypeOf(schema))
        {
            case "object":
                WriteObject(json, schema, depth);
                break;
            case "array":
                WriteArray(json, schema, name, depth);
                break;
            case "integer":
                json.WriteNumberValue((long)Number(schema, ordinal, isInteger: true));
                break;
            case "number":
                json.WriteNumberValue(Number(schema, ordinal, isInteger: false));
                break;
            case "boolean":
                json.WriteBooleanValue(true);
                break;
            case "null":
                json.WriteNullValue();
                break;
            default:
                json.WriteStringValue(DummyString.For(schema, name, ordinal));
                break;
        }
    }

    private void WriteObject(Utf8JsonWriter json, JsonElement schema, int depth)
    {
        var properties = new List<KeyValuePair<string, JsonElement>>();
        var required = new HashSet<string>(StringComparer.Ordinal);
        bool saysRequired = Collect(schema, properties, required, depth);
        json.WriteStartObject();
        foreach ((string name, JsonElement property) in properties)
        {
            // A schema that requires nothing gets an example of everything, as long as it does not run into itself.
            if (required.Remove(name) || (!saysRequired && depth < PreferLeavesFrom))
            {
                json.WritePropertyName(name);
                Write(json, property, name, 0, depth + 1);
            }
        }

        foreach (string undescribed in required)
        {
            json.WriteString(undescribed, undescribed);
        }

        json.WriteEndObject();
    }

    /// <summary>The properties of an object and of everything it is also said to be (allOf).</summary>
    private bool Collect(JsonElement schema, List<KeyValuePair<string, JsonElement>> properties, HashSet<string> required, int depth)
    {
        bool saysRequired = false;
        if (schema.Field("properties") is { ValueKind: JsonValueKind.Object } own)
        {
            foreach (JsonProperty property in own.EnumerateObject())
            {
                if (!properties.Exists(known => known.Key == property.Name))
                {
                    properties.Add(new(property.Name, property.Value));
                }
            }
        }

        if (schema.Field("required") is { ValueKind: JsonValueKind.Array } names)
        {
            saysRequired = true;
            required.UnionWith(names.EnumerateArray().Where(n => n.ValueKind == JsonValueKind.String).Select(n => n.GetString()!));
        }

        if (schema.Field("allOf") is { ValueKind: JsonValueKind.Array } parts && depth <= Deepest && ++_steps <= MostSteps)
        {
            foreach (JsonElement part in parts.EnumerateArray())
            {
                saysRequired |= Collect(Resolve(part, depth + 1), properties, required, depth + 1);
            }
        }

        return saysRequired;
    }

    private void WriteArray(Utf8JsonWriter json, JsonElement schema, string name, int depth)
    {
        JsonElement[] first = schema.Field("prefixItems") is { ValueKind: JsonValueKind.Array } prefix ? [.. prefix.EnumerateArray()] : [];
        int least = Count(schema, "minItems") ?? (depth < PreferLeavesFrom ? 1 : 0);
        int count = Math.Min(Math.Max(least, first.Length), Count(schema, "maxItems") ?? int.MaxValue);
        JsonElement? items = schema.Field("items");
        json.WriteStartArray();
        for (int i = 0; i < count; i++)
        {
            JsonElement? item = i < first.Length ? first[i] : items;
            if (item is { ValueKind: JsonValueKind.Object } described)
            {
                Write(json, described, name, i, depth + 1);
            }
            else if (item is not { ValueKind: JsonValueKind.False })
            {
                json.WriteStringValue(i == 0 ? name : name + i);
            }
        }

        json.WriteEndArray();
    }

    /// <summary>Follows $ref and takes one branch of anyOf and oneOf: the first, deep down the one that ends soonest.</summary>
    private JsonElement Resolve(JsonElement schema, int depth)
    {
        for (int step = 0; step < Deepest; step++)
        {
            if (schema.Field("$ref") is { ValueKind: JsonValueKind.String } reference)
            {
                schema = Find(reference.GetString()!);
            }
            else if ((schema.Field("anyOf") ?? schema.Field("oneOf")) is { ValueKind: JsonValueKind.Array } branches && branches.GetArrayLength() > 0 && schema.Field("properties") is null)
            {
                schema = Branch(branches, depth);
            }
            else if (schema.Field("allOf") is { ValueKind: JsonValueKind.Array } parts && parts.GetArrayLength() == 1 && schema.Field("properties") is null)
            {
                schema = parts[0];
            }
            else
            {
                break;
            }
        }

        return schema;
    }

    private static JsonElement Branch(JsonElement branches, int depth)
    {
        if (depth >= PreferLeavesFrom)
        {
            foreach (JsonElement branch in branches.EnumerateArray())
            {
                if (branch.Field("$ref") is null && TypeOf(branch) is not ("object" or "array"))
                {
                    return branch;
                }
            }
        }

        return branches[0];
    }

    private JsonElement Find(string reference)
    {
        if (!reference.StartsWith('#'))
        {
            throw new DummyRefusal(400, $"Invalid schema: the reference \"{reference}\" points outside of the schema.", "response_format", "invalid_json_schema");
        }

        JsonElement found = root;
        foreach (string step in reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            found = found.Field(name) ?? Item(found, name)
                ?? throw new DummyRefusal(400, $"Invalid schema: the reference \"{reference}\" points at nothing.", "response_format", "invalid_json_schema");
        }

        return found;
    }

    private static JsonElement? Item(JsonElement array, string index) =>
        array.ValueKind == JsonValueKind.Array && int.TryParse(index, out int i) && i >= 0 && i < array.GetArrayLength() ? array[i] : null;

    private static string? TypeOf(JsonElement schema)
    {
        if (schema.Field("type") is not { } type)
        {
            return schema.Field("properties") is not null || schema.Field("required") is not null || schema.Field("allOf") is not null ? "object"
                : schema.Field("items") is not null || schema.Field("prefixItems") is not null ? "array"
                : null;
        }

        if (type.ValueKind != JsonValueKind.Array)
        {
            return type.ValueKind == JsonValueKind.String ? type.GetString() : null;
        }

        string?[] types = [.. type.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString())];
        return types.FirstOrDefault(t => t != "null") ?? types.FirstOrDefault();
    }

    private static decimal Number(JsonElement schema, int ordinal, bool isInteger)
    {
        decimal? least = Limit(schema, "minimum");
        decimal? most = Limit(schema, "maximum");
        decimal? above = Limit(schema, "exclusiveMinimum");
        decimal? below = Limit(schema, "exclusiveMaximum");
        decimal step = Limit(schema, "multipleOf") is { } multiple && multiple > 0 ? multiple : isInteger ? 1m : 0m;
        decimal unit = step > 0 ? step : Span(least ?? above, most ?? below);
        decimal low = least ?? (above is { } open ? open + unit : most is { } top && top < 1 ? top : below is { } end && end <= 1 ? end - unit : 1m);
        decimal value = step > 0 ? Math.Ceiling(low / step) * step : low;
        if (above is { } bound && value <= bound)
        {
            value += unit;
        }

        decimal next = value + (ordinal * unit);
        bool fits = (most is not { } last || next <= last) && (below is not { } limit || next < limit);
        return (fits ? next : value) / 1.000000000000000000000000000m; // Without the zeros that adding left behind.
    }

    /// <summary>A step small enough to stay between two close bounds.</summary>
    private static decimal Span(decimal? low, decimal? high) => low is { } from && high is { } to && to > from ? Math.Min(1m, (to - from) / 16) : 1m;

    private static decimal? Limit(JsonElement schema, string name) =>
        schema.Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDecimal(out decimal limit) && Math.Abs(limit) < 1_000_000_000_000_000m ? limit : null;

    private static int? Count(JsonElement schema, string name) =>
        schema.Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int count) && count >= 0 ? Math.Min(count, 1000) : null;
}
