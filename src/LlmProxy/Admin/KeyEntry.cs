using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Admin;

/// <summary>One key as operators see it: whose, for what, how much; never the key itself.</summary>
internal static class KeyEntry
{
    public static void Write(Utf8JsonWriter json, StoredKey key, DateTimeOffset now)
    {
        json.WriteString("id", key.Id);
        OptionFields.OfKey.Write(json, key.Options);
        json.WriteString("prefix", key.Prefix);
        json.WriteString("status", key.IsRevoked ? "revoked" : key.Options.ExpiresAt <= now ? "expired" : "active");
        json.WriteString("source", "database");
        json.WriteBoolean("read_only", false);
        json.WriteString("created_at", key.CreatedAt);
        json.WriteString("created_by", key.CreatedBy);
        json.WriteString("updated_at", key.UpdatedAt);
        json.WriteString("updated_by", key.UpdatedBy);
        WriteMoment(json, "revoked_at", key.RevokedAt);
    }

    /// <summary>A key of the configuration has its name as id. Its text is the operator's own, of whatever length: no part of it is shown.</summary>
    public static void Write(Utf8JsonWriter json, KeyOptions key, DateTimeOffset now)
    {
        json.WriteString("id", key.Name);
        OptionFields.OfKey.Write(json, key);
        json.WriteNull("prefix");
        json.WriteString("status", key.ExpiresAt <= now ? "expired" : "active");
        json.WriteString("source", "config");
        json.WriteBoolean("read_only", true);
        json.WriteNull("created_at");
        json.WriteNull("created_by");
        json.WriteNull("updated_at");
        json.WriteNull("updated_by");
        json.WriteNull("revoked_at");
    }

    /// <summary>What the trail keeps of it.</summary>
    public static string Trail(StoredKey key) => AccessRoutes.Text(json =>
    {
        json.WriteString("prefix", key.Prefix);
        OptionFields.OfKey.Write(json, key.Options);
        WriteMoment(json, "revoked_at", key.RevokedAt);
    });

    private static void WriteMoment(Utf8JsonWriter json, string name, DateTimeOffset? moment)
    {
        if (moment is { } known)
        {
            json.WriteString(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
