using System.Globalization;
using System.Text.Json;
using LlmProxy.Pipeline;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Admin;

/// <summary>Which entries of a list are asked for, and how many at a time: by name, so that a page's end is the next one's beginning.</summary>
internal sealed class AccessQuery
{
    private const int UsualEntries = 1000;
    private const int MostEntries = 10_000;

    private readonly Dictionary<string, string> _filters = new(StringComparer.Ordinal);
    private int _limit = UsualEntries;
    private string? _cursor;

    /// <summary>A filter's value; null: it was not asked for.</summary>
    public string? this[string filter] => _filters.GetValueOrDefault(filter);

    public static GatewayError? Read(IQueryCollection query, string[] filters, out AccessQuery read)
    {
        read = new AccessQuery();
        foreach ((string name, StringValues value) in query)
        {
            string text = value.ToString();
            switch (name)
            {
                case "limit" when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is > 0 and <= MostEntries:
                    read._limit = limit;
                    break;
                case "limit":
                    return GatewayError.Invalid("limit", $"limit must be a whole number from 1 to {MostEntries}.");
                case "cursor":
                    read._cursor = text;
                    break;
                case "status" when filters.Contains("status") && text.ToUpperInvariant() is not ("ACTIVE" or "EXPIRED" or "REVOKED"):
                    return GatewayError.Invalid("status", "status must be active, expired or revoked.");
                case { } filter when filters.Contains(filter, StringComparer.Ordinal):
                    read._filters[filter] = text;
                    break;
                default:
                    return GatewayError.Invalid(name.Length <= 64 ? name : name[..64], $"Unknown parameter. Known: {string.Join(", ", filters)}, limit, cursor.");
            }
        }

        return null;
    }

    public void Write<T>(Utf8JsonWriter json, IEnumerable<T> entries, Func<T, string> nameOf, Action<T> write)
    {
        List<T> page =
        [
            .. entries.Where(entry => _cursor is null || string.Compare(nameOf(entry), _cursor, StringComparison.OrdinalIgnoreCase) > 0)
                .OrderBy(nameOf, StringComparer.OrdinalIgnoreCase).Take(_limit + 1),
        ];
        json.WriteStartArray("data");
        foreach (T entry in page.Take(_limit))
        {
            write(entry);
        }

        json.WriteEndArray();
        json.WriteString("next_cursor", page.Count > _limit ? nameOf(page[_limit - 1]) : null);
    }
}
