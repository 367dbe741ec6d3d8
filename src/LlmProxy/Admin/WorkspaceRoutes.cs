using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>/admin/api/workspaces: the same for workspaces.</summary>
internal sealed class WorkspaceRoutes(AccessRoutes access)
{
    public static void Map(IEndpointRouteBuilder routes, AdminDoor door)
    {
        WorkspaceRoutes workspaces = routes.ServiceProvider.GetRequiredService<WorkspaceRoutes>();
        routes.MapGet("/admin/api/workspaces", door.Behind(workspaces.ListAsync));
        routes.MapPost("/admin/api/workspaces", door.Behind(workspaces.CreateAsync));
        routes.MapGet("/admin/api/workspaces/{**id}", door.Behind(workspaces.OneAsync));
        routes.MapPatch("/admin/api/workspaces/{**id}", door.Behind((http, snapshot) => workspaces.ChangeAsync(http, snapshot, isWhole: false)));
        routes.MapPut("/admin/api/workspaces/{**id}", door.Behind((http, snapshot) => workspaces.ChangeAsync(http, snapshot, isWhole: true)));
        routes.MapDelete("/admin/api/workspaces/{**id}", door.Behind(workspaces.DeleteAsync));
    }

    private Task<GatewayError?> ListAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        GatewayError? wrong = AccessQuery.Read(http.Request.Query, ["q"], out AccessQuery query);
        return wrong is not null ? Task.FromResult<GatewayError?>(wrong) : AdminJson.SendAsync(http, json =>
        {
            StoredAccess stored = access.Stored;
            var entries = stored.Workspaces.Select(space => (space.Options, Stored: (StoredWorkspace?)space)).ToList();
            entries.AddRange(snapshot.Options.Workspaces.Where(space => stored.FindWorkspace(space.Name) is null).Select(space => (space, (StoredWorkspace?)null)));
            query.Write(
                json,
                entries.Where(entry => query["q"] is not { } text || entry.Options.Name.Contains(text, StringComparison.OrdinalIgnoreCase)),
                entry => entry.Options.Name,
                entry =>
                {
                    json.WriteStartObject();
                    WriteMembers(json, entry.Options, entry.Stored);
                    json.WriteEndObject();
                });
        });
    }

    private async Task<GatewayError?> OneAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        string id = AccessRoutes.IdOf(http);
        StoredWorkspace? stored = Find(access.Stored, id);
        WorkspaceOptions? configured = stored is null ? InConfiguration(snapshot, id) : null;
        return stored is null && configured is null
            ? AccessRoutes.Unknown("workspace", id, Names(snapshot, access.Stored))
            : await AdminJson.SendAsync(http, json => WriteMembers(json, configured ?? stored!.Options, stored));
    }

    private Task<GatewayError?> CreateAsync(HttpContext http, GatewaySnapshot snapshot) => access.ChangeAsync(
        http,
        snapshot,
        OptionFields.OfWorkspace,
        (root, stored, now) => WorkspaceRules.Create(root, snapshot, stored, now),
        (json, change) => WriteMembers(json, change.Workspace!.Options, change.Workspace));

    private Task<GatewayError?> ChangeAsync(HttpContext http, GatewaySnapshot snapshot, bool isWhole) => ChangeOneAsync(
        http, snapshot, OptionFields.OfWorkspace, (root, workspace, _, now) => WorkspaceRules.Change(root, workspace, isWhole, now));

    private Task<GatewayError?> DeleteAsync(HttpContext http, GatewaySnapshot snapshot) => ChangeOneAsync(
        http, snapshot, null, (_, workspace, stored, _) => WorkspaceRules.Delete(workspace, snapshot, stored));

    private Task<GatewayError?> ChangeOneAsync(
        HttpContext http, GatewaySnapshot snapshot, OptionFields? fields, Func<JsonElement, StoredWorkspace, StoredAccess, DateTimeOffset, AccessChange> decide)
    {
        string id = AccessRoutes.IdOf(http);
        return access.ChangeAsync(
            http,
            snapshot,
            fields,
            (root, stored, now) => Find(stored, id) is { } found ? decide(root, found, stored, now)
                : AccessChange.Refused(InConfiguration(snapshot, id) is { } configured
                    ? AccessRoutes.FromConfiguration("workspace", configured.Name)
                    : AccessRoutes.Unknown("workspace", id, Names(snapshot, stored))),
            (json, change) =>
            {
                StoredWorkspace workspace = change.Workspace ?? change.Dropped!;
                WriteMembers(json, workspace.Options, workspace);
                if (change.Dropped is not null)
                {
                    json.WriteBoolean("deleted", true);
                }
            });
    }

    private static void WriteMembers(Utf8JsonWriter json, WorkspaceOptions options, StoredWorkspace? stored)
    {
        if (stored is null)
        {
            json.WriteString("id", options.Name);
        }
        else
        {
            json.WriteString("id", stored.Id);
        }

        OptionFields.OfWorkspace.Write(json, options);
        json.WriteString("source", stored is null ? "config" : "database");
        json.WriteBoolean("read_only", stored is null);
        if (stored is not null)
        {
            json.WriteString("created_at", stored.CreatedAt);
            json.WriteString("created_by", stored.CreatedBy);
            json.WriteString("updated_at", stored.UpdatedAt);
            json.WriteString("updated_by", stored.UpdatedBy);
        }
    }

    private static StoredWorkspace? Find(StoredAccess stored, string id) =>
        (Guid.TryParse(id, out Guid guid) ? stored.Workspaces.FirstOrDefault(space => space.Id == guid) : null) ?? stored.FindWorkspace(id);

    private static WorkspaceOptions? InConfiguration(GatewaySnapshot snapshot, string name) =>
        snapshot.Options.Workspaces.Find(space => space.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Names(GatewaySnapshot snapshot, StoredAccess stored) =>
        snapshot.Options.Workspaces.Select(space => space.Name).Concat(stored.Workspaces.Select(space => space.Name));
}
