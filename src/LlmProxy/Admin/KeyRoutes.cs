using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>/admin/api/keys: the virtual keys of the database, made, changed and revoked while the gateway runs; those of the configuration beside them, to be read.</summary>
internal sealed class KeyRoutes(AccessRoutes access)
{
    private const string RotateSuffix = "/rotate";

    public static void Map(IEndpointRouteBuilder routes, AdminDoor door)
    {
        KeyRoutes keys = routes.ServiceProvider.GetRequiredService<KeyRoutes>();
        routes.MapGet("/admin/api/keys", door.Behind(keys.ListAsync));
        routes.MapPost("/admin/api/keys", door.Behind(keys.CreateAsync));
        routes.MapGet("/admin/api/keys/{**id}", door.Behind(keys.OneAsync));
        routes.MapPatch("/admin/api/keys/{**id}", door.Behind((http, snapshot) => keys.ChangeAsync(http, snapshot, isWhole: false)));
        routes.MapPut("/admin/api/keys/{**id}", door.Behind((http, snapshot) => keys.ChangeAsync(http, snapshot, isWhole: true)));
        routes.MapDelete("/admin/api/keys/{**id}", door.Behind(keys.RevokeAsync));
        routes.MapPost("/admin/api/keys/{**id}", door.Behind(keys.RotateAsync));
    }

    private Task<GatewayError?> ListAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        GatewayError? wrong = AccessQuery.Read(http.Request.Query, ["workspace", "q", "status"], out AccessQuery query);
        return wrong is not null ? Task.FromResult<GatewayError?>(wrong) : AdminJson.SendAsync(http, json =>
        {
            var entries = new List<(KeyOptions Options, StoredKey? Stored)>();
            StoredAccess stored = access.Stored;
            HashSet<string> replaced = KeyRing.Replaced(snapshot.Options, stored);
            entries.AddRange(snapshot.Options.Keys.Where(key => !replaced.Contains(key.Name)).Select(key => (key, (StoredKey?)null)));
            entries.AddRange(stored.Keys.Values.Select(key => (key.Options, (StoredKey?)key)));
            query.Write(json, entries.Where(entry => IsWanted(entry.Options, entry.Stored, query)), entry => entry.Options.Name, entry => Write(json, entry.Options, entry.Stored));
        });
    }

    private async Task<GatewayError?> OneAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        string id = AccessRoutes.IdOf(http);
        StoredKey? stored = Find(access.Stored, id);
        KeyOptions? configured = stored is null ? InConfiguration(snapshot, id) : null;
        return stored is null && configured is null
            ? AccessRoutes.Unknown("key", id, Names(snapshot, access.Stored))
            : await AdminJson.SendAsync(http, json => WriteMembers(json, configured ?? stored!.Options, stored));
    }

    private Task<GatewayError?> CreateAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        NewKey secret = NewKey.Make();
        return access.ChangeAsync(
            http,
            snapshot,
            OptionFields.OfKey,
            (root, stored, now) => KeyRules.Create(root, snapshot, stored, secret, now),
            (json, change) => WriteSecret(json, secret, change.Key!));
    }

    private Task<GatewayError?> ChangeAsync(HttpContext http, GatewaySnapshot snapshot, bool isWhole) => ChangeOneAsync(
        http,
        snapshot,
        OptionFields.OfKey,
        (root, key, now) => KeyRules.Change(root, key, isWhole, now),
        (json, key) => WriteWithWarnings(json, key));

    private Task<GatewayError?> RevokeAsync(HttpContext http, GatewaySnapshot snapshot) => ChangeOneAsync(
        http, snapshot, null, (_, key, now) => KeyRules.Revoke(key, now), (json, key) => WriteMembers(json, key.Options, key));

    private Task<GatewayError?> RotateAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        if (!AccessRoutes.IdOf(http).EndsWith(RotateSuffix, StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult<GatewayError?>(AdminLlms.NotHere(http));
        }

        NewKey secret = NewKey.Make();
        return ChangeOneAsync(http, snapshot, null, (_, key, now) => KeyRules.Rotate(key, secret, now), (json, key) => WriteSecret(json, secret, key), RotateSuffix);
    }

    private Task<GatewayError?> ChangeOneAsync(
        HttpContext http, GatewaySnapshot snapshot, OptionFields? fields, Func<JsonElement, StoredKey, DateTimeOffset, AccessChange> decide, Action<Utf8JsonWriter, StoredKey> answer, string suffix = "")
    {
        string id = AccessRoutes.IdOf(http)[..^suffix.Length];
        StoredKey? found = null;
        return access.ChangeAsync(
            http,
            snapshot,
            fields,
            (root, stored, now) =>
            {
                found = Find(stored, id);
                return found is not null ? decide(root, found, now)
                    : AccessChange.Refused(InConfiguration(snapshot, id) is { } configured ? AccessRoutes.FromConfiguration("key", configured.Name) : AccessRoutes.Unknown("key", id, Names(snapshot, stored)));
            },
            (json, change) => answer(json, change.Key ?? found!));
    }

    /// <summary>The one answer that ever shows a key.</summary>
    private void WriteSecret(Utf8JsonWriter json, NewKey secret, StoredKey key)
    {
        json.WriteString("key", secret.Text);
        WriteWithWarnings(json, key);
    }

    private void WriteWithWarnings(Utf8JsonWriter json, StoredKey key)
    {
        WriteMembers(json, key.Options, key);
        json.WriteStartArray("warnings");
        foreach (string warning in KeyRules.Warnings(access.Snapshot, key.Options))
        {
            json.WriteStringValue(warning);
        }

        json.WriteEndArray();
    }

    private void Write(Utf8JsonWriter json, KeyOptions options, StoredKey? stored)
    {
        json.WriteStartObject();
        WriteMembers(json, options, stored);
        json.WriteEndObject();
    }

    private void WriteMembers(Utf8JsonWriter json, KeyOptions options, StoredKey? stored)
    {
        if (stored is null)
        {
            KeyEntry.Write(json, options, access.Now);
        }
        else
        {
            KeyEntry.Write(json, stored, access.Now);
        }
    }

    private bool IsWanted(KeyOptions key, StoredKey? stored, AccessQuery query) =>
        (query["workspace"] is not { } workspace || key.Workspace.Equals(workspace, StringComparison.OrdinalIgnoreCase))
        && (query["q"] is not { } text || key.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || stored?.Prefix.Contains(text, StringComparison.Ordinal) == true)
        && (query["status"] is not { } status || status.Equals(stored?.IsRevoked == true ? "revoked" : key.ExpiresAt <= access.Now ? "expired" : "active", StringComparison.OrdinalIgnoreCase));

    private static StoredKey? Find(StoredAccess stored, string id) =>
        Guid.TryParse(id, out Guid guid) && stored.Keys.TryGetValue(guid, out StoredKey? key) ? key : stored.FindKey(id);

    private static KeyOptions? InConfiguration(GatewaySnapshot snapshot, string name) =>
        snapshot.Options.Keys.Find(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Names(GatewaySnapshot snapshot, StoredAccess stored) =>
        snapshot.Options.Keys.Select(key => key.Name).Concat(stored.Keys.Values.Select(key => key.Name));
}
