using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Checks;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>What may become of a key, given all that the configuration and the database hold. Touches nothing.</summary>
internal static class KeyRules
{
    private const int LongestName = 128;

    public static AccessChange Create(JsonElement root, GatewaySnapshot snapshot, StoredAccess stored, NewKey secret, DateTimeOffset now)
    {
        var options = new KeyOptions();
        if ((OptionFields.OfKey.Read(root, options) ?? Problem(options)) is { } wrong)
        {
            return AccessChange.Refused(wrong);
        }

        if (snapshot.Options.Keys.Exists(key => key.Name.Equals(options.Name, StringComparison.OrdinalIgnoreCase)))
        {
            return AccessChange.Refused(AccessRoutes.FromConfiguration("key", options.Name) with { Param = "name" });
        }

        if (stored.FindKey(options.Name) is { } taken)
        {
            string remedy = taken.IsRevoked ? "is revoked; its name stays with what it spent" : "is there already; change it, or give it another secret with POST .../rotate";
            return AccessChange.Refused(new GatewayError(ErrorCode.Conflict, $"The key \"{taken.Name}\" {remedy}. Choose another name.") { Param = "name" });
        }

        var key = new StoredKey
        {
            Id = Guid.CreateVersion7(now),
            Hash = secret.Hash,
            Prefix = secret.Prefix,
            Options = options,
            CreatedAt = now,
            CreatedBy = AccessRoutes.Who,
            UpdatedAt = now,
            UpdatedBy = AccessRoutes.Who,
        };
        return Changed("create", null, key);
    }

    /// <param name="root">What was sent.</param>
    /// <param name="key">As it is.</param>
    /// <param name="isWhole">What was not sent gets its default back (PUT), or stays (PATCH).</param>
    /// <param name="now">When it happens.</param>
    public static AccessChange Change(JsonElement root, StoredKey key, bool isWhole, DateTimeOffset now)
    {
        if (key.IsRevoked)
        {
            return AccessChange.Refused(Revoked(key));
        }

        KeyOptions options = isWhole ? new KeyOptions { Name = key.Name } : OptionFields.OfKey.Copy(key.Options);
        if ((OptionFields.OfKey.Read(root, options) ?? Problem(options)) is { } wrong)
        {
            return AccessChange.Refused(wrong);
        }

        return options.Name != key.Name
            ? AccessChange.Refused(GatewayError.Invalid("name", $"A key keeps its name (\"{key.Name}\"): what it spent is counted under it."))
            : Changed("change", key, key with { Options = options, UpdatedAt = now, UpdatedBy = AccessRoutes.Who });
    }

    /// <summary>Twice is once.</summary>
    public static AccessChange Revoke(StoredKey key, DateTimeOffset now) => key.IsRevoked
        ? new AccessChange()
        : Changed("revoke", key, key with { RevokedAt = now, UpdatedAt = now, UpdatedBy = AccessRoutes.Who });

    public static AccessChange Rotate(StoredKey key, NewKey secret, DateTimeOffset now) => key.IsRevoked
        ? AccessChange.Refused(Revoked(key))
        : Changed("rotate", key, key with { Hash = secret.Hash, Prefix = secret.Prefix, UpdatedAt = now, UpdatedBy = AccessRoutes.Who });

    /// <summary>What is allowed and yet hardly meant.</summary>
    public static IEnumerable<string> Warnings(GatewaySnapshot snapshot, KeyOptions key)
    {
        bool isKnown = key.Workspace == new KeyOptions().Workspace || snapshot.Workspaces.ContainsKey(key.Workspace)
            || snapshot.Options.Keys.Exists(other => other.Workspace.Equals(key.Workspace, StringComparison.OrdinalIgnoreCase));
        if (!isKnown)
        {
            yield return $"The workspace \"{key.Workspace}\" is not configured anywhere: no limit and no budget of a workspace holds for this key.";
        }

        if (key.AllowedModels.Count == 0)
        {
            yield return "allowed_models is empty: this key may call nothing. [\"*\"] stands for everything.";
        }

        var targets = new KnownTargets(snapshot.Options);
        foreach (string model in key.AllowedModels.Where(model => !KnownTargets.IsWildcard(model) && targets.Find(model) is TargetKind.Unknown or TargetKind.PerhapsWildcard))
        {
            yield return $"allowed_models: \"{model}\" is the name of nothing that is configured.{AdminJson.Near(model, targets.Names)}";
        }

        if (snapshot.AuthMode == AuthMode.Open)
        {
            yield return "The gateway is open: calls without a key are served as well. Set LlmProxy:Auth:Mode to keys.";
        }
    }

    private static AccessChange Changed(string action, StoredKey? before, StoredKey after) => new()
    {
        Key = after,
        Action = action,
        Subject = $"key {after.Name}",
        Before = before is null ? null : KeyEntry.Trail(before),
        After = KeyEntry.Trail(after),
    };

    private static GatewayError Revoked(StoredKey key) => new(ErrorCode.Conflict, $"The key \"{key.Name}\" is revoked, and that is for good. Create another one.");

    private static GatewayError? Problem(KeyOptions key)
    {
        if (key.Name.Length == 0)
        {
            return GatewayError.Missing("name", "A key needs a name: {\"name\": \"team-a-ci\"}.");
        }

        return NameProblem("name", key.Name) ?? NameProblem("workspace", key.Workspace);
    }

    /// <summary>The same rule as the configuration's, and short enough for a log line.</summary>
    public static GatewayError? NameProblem(string field, string name) =>
        name.Length > LongestName ? GatewayError.Invalid(field, $"The field \"{field}\" is longer than {LongestName} letters.")
        : Text.NameProblem(name, isAscii: false) is { } problem ? GatewayError.Invalid(field, $"The field \"{field}\" is wrong: {problem}.")
        : null;
}
