using System.Text.Json.Serialization;
using LlmProxy.Access;

namespace LlmProxy.Storage.Access;

/// <summary>What the database last said about keys, by their hashes alone, and workspaces.</summary>
internal sealed record AccessFile(string Database, long Version, IReadOnlyList<KeyRow> Keys, IReadOnlyList<WorkspaceRow> Workspaces)
{
    public static AccessFile Of(DatabaseTarget target, StoredAccess access) =>
        new(target.Label, access.Version, [.. access.Keys.Values.Select(key => KeyRow.Of(key))], [.. access.Workspaces.Select(WorkspaceRow.Of)]);

    public StoredAccess ToAccess() => new()
    {
        Version = Version,
        Keys = Keys.Select(row => row.ToKey()).ToDictionary(key => key.Id),
        Workspaces = [.. Workspaces.Select(row => row.ToWorkspace())],
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(AccessFile))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class AccessJson : JsonSerializerContext;
