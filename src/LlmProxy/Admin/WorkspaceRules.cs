using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>What may become of a workspace, given all that the configuration and the database hold. Touches nothing.</summary>
internal static class WorkspaceRules
{
    private const string GlobalScope = "global";
    private const int MostShown = 5;

    public static AccessChange Create(JsonElement root, GatewaySnapshot snapshot, StoredAccess stored, DateTimeOffset now)
    {
        var options = new WorkspaceOptions();
        if ((OptionFields.OfWorkspace.Read(root, options) ?? Problem(options)) is { } wrong)
        {
            return AccessChange.Refused(wrong);
        }

        if (snapshot.Options.Workspaces.Exists(space => space.Name.Equals(options.Name, StringComparison.OrdinalIgnoreCase)))
        {
            return AccessChange.Refused(AccessRoutes.FromConfiguration("workspace", options.Name) with { Param = "name" });
        }

        if (stored.FindWorkspace(options.Name) is { } taken)
        {
            return AccessChange.Refused(new GatewayError(ErrorCode.Conflict, $"The workspace \"{taken.Name}\" is there already; change it with PATCH.") { Param = "name" });
        }

        return Changed("create", null, new StoredWorkspace
        {
            Id = Guid.CreateVersion7(now),
            Options = options,
            CreatedAt = now,
            CreatedBy = AccessRoutes.Who,
            UpdatedAt = now,
            UpdatedBy = AccessRoutes.Who,
        });
    }

    /// <param name="root">What was sent.</param>
    /// <param name="workspace">As it is.</param>
    /// <param name="isWhole">What was not sent gets its default back (PUT), or stays (PATCH).</param>
    /// <param name="now">When it happens.</param>
    public static AccessChange Change(JsonElement root, StoredWorkspace workspace, bool isWhole, DateTimeOffset now)
    {
        WorkspaceOptions options = isWhole ? new WorkspaceOptions { Name = workspace.Name } : OptionFields.OfWorkspace.Copy(workspace.Options);
        if ((OptionFields.OfWorkspace.Read(root, options) ?? Problem(options)) is { } wrong)
        {
            return AccessChange.Refused(wrong);
        }

        return options.Name != workspace.Name
            ? AccessChange.Refused(GatewayError.Invalid("name", $"A workspace keeps its name (\"{workspace.Name}\"): keys belong to it and spend is counted under it."))
            : Changed("change", workspace, workspace with { Options = options, UpdatedAt = now, UpdatedBy = AccessRoutes.Who });
    }

    /// <summary>Its keys would go on without its limits and its budget: first they have to go elsewhere.</summary>
    public static AccessChange Delete(StoredWorkspace workspace, GatewaySnapshot snapshot, StoredAccess stored)
    {
        bool isIts(KeyOptions key) => key.Workspace.Equals(workspace.Name, StringComparison.OrdinalIgnoreCase);
        string[] keys =
        [
            .. snapshot.Options.Keys.Where(isIts).Select(key => $"key {key.Name}"),
            .. stored.Keys.Values.Where(key => !key.IsRevoked && isIts(key.Options)).Select(key => $"key {key.Name}"),
            .. snapshot.Options.Llms.Where(llm => llm.Scope.Equals(workspace.Name, StringComparison.OrdinalIgnoreCase)).Select(llm => $"LLM {llm.Name}"),
        ];
        if (keys.Length > 0)
        {
            string who = string.Join(", ", keys.Take(MostShown)) + (keys.Length > MostShown ? $" and {keys.Length - MostShown} more" : "");
            return AccessChange.Refused(new GatewayError(ErrorCode.Conflict, $"The workspace \"{workspace.Name}\" is in use by {who}. Revoke them or give them another workspace first."));
        }

        return new AccessChange { Dropped = workspace, Action = "delete", Subject = $"workspace {workspace.Name}", Before = Trail(workspace) };
    }

    private static AccessChange Changed(string action, StoredWorkspace? before, StoredWorkspace after) => new()
    {
        Workspace = after,
        Action = action,
        Subject = $"workspace {after.Name}",
        Before = before is null ? null : Trail(before),
        After = Trail(after),
    };

    private static string Trail(StoredWorkspace workspace) => AccessRoutes.Text(json => OptionFields.OfWorkspace.Write(json, workspace.Options));

    private static GatewayError? Problem(WorkspaceOptions workspace)
    {
        if (workspace.Name.Length == 0)
        {
            return GatewayError.Missing("name", "A workspace needs a name: {\"name\": \"team-a\"}.");
        }

        return workspace.Name.Equals(GlobalScope, StringComparison.OrdinalIgnoreCase)
            ? GatewayError.Invalid("name", "\"global\" is the scope of LLMs that everybody sees; a workspace must be called otherwise.")
            : KeyRules.NameProblem("name", workspace.Name);
    }
}
