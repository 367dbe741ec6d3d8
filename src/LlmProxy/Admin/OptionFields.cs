using System.Collections;
using System.Globalization;
using System.Text.Json;
using LlmProxy.Configuration.Binding;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>
/// An options object as operators send and see it: snake_case, by the types and ranges that the configuration has. Nothing
/// is followed: env: and file: are words like any other here.
/// </summary>
internal sealed class OptionFields
{
    public static readonly OptionFields OfKey = new(typeof(KeyOptions), nameof(KeyOptions.Key));
    public static readonly OptionFields OfWorkspace = new(typeof(WorkspaceOptions));

    private const int MostItems = 1000;
    private const int LongestText = 256;

    private readonly Type _type;
    private readonly OrderedDictionary<string, ShapeMember> _members = new(StringComparer.Ordinal);

    /// <param name="type">One of the configuration's own.</param>
    /// <param name="without">A member that nobody sends or sees.</param>
    private OptionFields(Type type, string without = "")
    {
        _type = type;
        foreach (ShapeMember member in Shape.For(type).Members.Values.Where(member => member.Name != without))
        {
            _members.Add(SnakeCase(member.Name), member);
        }

        Names = [.. _members.Keys];
    }

    public string[] Names { get; }

    /// <summary>Another object that says the same.</summary>
    public T Copy<T>(T options)
        where T : class, new()
    {
        var copy = new T();
        foreach (ShapeMember member in _members.Values)
        {
            object? value = member.Get(options);
            member.Set(copy, value is List<string> list ? new List<string>(list) : value);
        }

        return copy;
    }

    /// <summary>Takes in what was sent; null gives a field its default back.</summary>
    public GatewayError? Read(JsonElement root, object into)
    {
        object defaults = Activator.CreateInstance(_type)!;
        foreach (JsonProperty sent in root.EnumerateObject())
        {
            ShapeMember member = _members[sent.Name];
            string? problem = null;
            object? value = null;
            try
            {
                value = sent.Value.ValueKind == JsonValueKind.Null ? member.Get(defaults) : Read(sent.Value, member, out problem);
            }
            catch (InvalidOperationException)
            {
                problem = "holds half of a surrogate pair, which is no text";
            }

            if (problem is not null)
            {
                return GatewayError.Invalid(sent.Name, $"The field \"{sent.Name}\" {problem}.");
            }

            member.Set(into, value);
        }

        return null;
    }

    public void Write(Utf8JsonWriter json, object options)
    {
        foreach ((string name, ShapeMember member) in _members)
        {
            json.WritePropertyName(name);
            WriteValue(json, member.Get(options));
        }
    }

    private static object? Read(JsonElement value, ShapeMember member, out string? problem)
    {
        if (member.Shape.Kind == ShapeKind.List)
        {
            return ReadList(value, out problem);
        }

        Type type = Nullable.GetUnderlyingType(member.Shape.Type) ?? member.Shape.Type;
        (JsonValueKind wanted, string what) = type == typeof(bool) ? (JsonValueKind.True, "true or false")
            : type == typeof(string) || type == typeof(DateTimeOffset) || type.IsEnum ? (JsonValueKind.String, "a text")
            : (JsonValueKind.Number, "a number");
        JsonValueKind kind = value.ValueKind == JsonValueKind.False ? JsonValueKind.True : value.ValueKind;
        if (kind != wanted)
        {
            problem = "must be " + what;
            return null;
        }

        string text = kind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (text.Length > LongestText)
        {
            problem = $"is longer than {LongestText} letters";
            return null;
        }

        object? read = ScalarReader.Read(new ConfigText(default, text, TextKind.String), type, out problem);
        problem = problem ?? (read is null or "" ? "is empty" : OutOfRange(read, member));
        return read;
    }

    private static List<string>? ReadList(JsonElement value, out string? problem)
    {
        problem = null;
        var items = new List<string>();
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MostItems)
        {
            problem = $"must be a list of at most {MostItems} texts";
            return null;
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || item.GetString() is not { } text || string.IsNullOrWhiteSpace(text) || text.Length > LongestText || text.Any(char.IsControl))
            {
                problem = $"must hold texts of 1 to {LongestText} letters without control characters";
                return null;
            }

            items.Add(text.Trim());
        }

        return items;
    }

    private static string? OutOfRange(object value, ShapeMember member)
    {
        if (value is not (int or long or decimal))
        {
            return null;
        }

        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return number < member.Least ? string.Create(CultureInfo.InvariantCulture, $"must be at least {member.Least:0.##}")
            : number > member.Most ? string.Create(CultureInfo.InvariantCulture, $"must be at most {member.Most:0.##}")
            : null;
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case string text:
                json.WriteStringValue(text);
                break;
            case bool isSo:
                json.WriteBooleanValue(isSo);
                break;
            case decimal money:
                json.WriteNumberValue(money);
                break;
            case int or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset moment:
                json.WriteStringValue(moment);
                break;
            case Enum word:
                json.WriteStringValue(SnakeCase(word.ToString()));
                break;
            case IEnumerable list:
                json.WriteStartArray();
                foreach (object item in list)
                {
                    WriteValue(json, item);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }

    private static string SnakeCase(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}
