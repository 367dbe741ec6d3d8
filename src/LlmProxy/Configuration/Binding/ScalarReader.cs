using System.Collections.Concurrent;
using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Binding;

/// <summary>Reads one value as the type its option has; variables hold only text, so text is taken for numbers and booleans too.</summary>
internal static class ScalarReader
{
    private static readonly string[] DateForms =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ssK",
    ];

    private static readonly ConcurrentDictionary<Type, Dictionary<string, object>> EnumValues = new();

    /// <summary>Null and no problem: nothing was written, the default stays.</summary>
    public static object? Read(ConfigText text, Type type, out string? problem)
    {
        problem = null;
        if (type == typeof(string))
        {
            return text.Value;
        }

        if (type == typeof(Secret))
        {
            return new Secret(text.Value.Trim());
        }

        string value = text.Value.Trim();
        if (value.Length == 0)
        {
            return null;
        }

        type = Nullable.GetUnderlyingType(type) ?? type;
        object? read = type switch
        {
            _ when type.IsEnum => Values(type).GetValueOrDefault(Plain(value)),
            _ when type == typeof(bool) => ReadBool(value),
            _ when type == typeof(DateTimeOffset) => ReadDate(value),
            _ => ReadNumber(value, type),
        };
        problem = read is null ? $"{text.Shown} is not {Expected(type)}" : null;
        return read;
    }

    public static bool? ReadBool(string value) => value.Trim().ToUpperInvariant() switch
    {
        "TRUE" or "1" or "YES" or "ON" => true,
        "FALSE" or "0" or "NO" or "OFF" => false,
        _ => null,
    };

    private static object? ReadNumber(string value, Type type)
    {
        if (type == typeof(double))
        {
            return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real) ? real : null;
        }

        if (!decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number))
        {
            return null;
        }

        return type switch
        {
            _ when type == typeof(decimal) => number,
            _ when number != decimal.Truncate(number) => null,
            _ when type == typeof(int) => number is >= int.MinValue and <= int.MaxValue ? (int)number : null,
            _ => number is >= long.MinValue and <= long.MaxValue ? (long)number : null,
        };
    }

    private static DateTimeOffset? ReadDate(string value) =>
        DateTimeOffset.TryParseExact(value, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date) ? date : null;

    private static string Expected(Type type) => type switch
    {
        _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type).Select(SnakeCase))}",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(DateTimeOffset) => "a date such as 2030-12-31 or 2030-12-31T18:00:00Z",
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ => "a number",
    };

    private static Dictionary<string, object> Values(Type type) =>
        EnumValues.GetOrAdd(type, static type => Enum.GetValues(type).Cast<object>().ToDictionary(value => Plain(value.ToString()!), StringComparer.Ordinal));

    private static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, i) => char.IsAsciiLetterUpper(letter) && i > 0 ? $"_{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
