using System.Globalization;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;
using LlmProxy.Storage;

namespace LlmProxy.Admin;

/// <summary>GET /admin/api/audit: what operators changed, newest first, page by page.</summary>
internal sealed class AuditRoutes(DatabaseKeeper databases)
{
    private const int UsualRows = 100;
    private const int MostRows = 1000;

    public async Task<GatewayError?> ListAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        if (Read(http.Request.Query, out int limit, out long? cursor) is { } wrong)
        {
            return wrong;
        }

        if (databases.Current is not { } database)
        {
            return AdminDoor.DatabaseGone(databases.WhyAway);
        }

        // One more than asked for says whether there is a next page.
        IReadOnlyList<AuditEntry> entries = await AuditTrail.ReadAsync(database, cursor, limit + 1, http.RequestAborted);
        return await AdminJson.SendAsync(http, json =>
        {
            json.WriteStartArray("data");
            foreach (AuditEntry entry in entries.Take(limit))
            {
                json.WriteStartObject();
                json.WriteString("id", entry.Id.ToString(CultureInfo.InvariantCulture));
                json.WriteString("at", entry.At);
                json.WriteString("who", entry.Who);
                json.WriteString("action", entry.Action);
                json.WriteString("subject", entry.Subject);
                AdminJson.WriteRaw(json, "before", entry.Before);
                AdminJson.WriteRaw(json, "after", entry.After);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("next_cursor", entries.Count > limit ? entries[limit - 1].Id.ToString(CultureInfo.InvariantCulture) : null);
        });
    }

    private static GatewayError? Read(IQueryCollection query, out int limit, out long? cursor)
    {
        limit = UsualRows;
        cursor = null;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in query)
        {
            string text = value.ToString();
            switch (name)
            {
                case "limit" when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is > 0 and <= MostRows:
                    break;
                case "cursor" when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long from):
                    cursor = from;
                    break;
                case "limit":
                    return GatewayError.Invalid("limit", $"limit must be a whole number from 1 to {MostRows}.");
                case "cursor":
                    return GatewayError.Invalid("cursor", "cursor must be the next_cursor of an earlier answer.");
                default:
                    return GatewayError.Invalid(name.Length <= 64 ? name : name[..64], "Unknown parameter. Known: limit, cursor.");
            }
        }

        return null;
    }
}
