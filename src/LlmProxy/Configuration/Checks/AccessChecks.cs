using System.Net;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Checks;

/// <summary>What must be true of keys, workspaces and proxies.</summary>
internal sealed class AccessChecks(GatewayOptions options, Dictionary<object, ConfigObject> written, Findings findings)
{
    private const string GlobalScope = "global";

    public void Check()
    {
        Origin admin = (written[options].Find(nameof(GatewayOptions.Auth)) as ConfigObject)?.OriginOf(nameof(AuthOptions.AdminKey)) ?? new Origin("LlmProxy:Auth:AdminKey");
        CheckSecret(options.Auth.AdminKey, admin);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        if (options.Auth.AdminKey is { } adminKey)
        {
            owners.Add(adminKey.Reveal(), admin.Path);
        }

        var targets = new KnownTargets(options);
        foreach (KeyOptions key in options.Keys)
        {
            CheckKey(key, owners, targets);
        }

        foreach (WorkspaceOptions workspace in options.Workspaces)
        {
            Origin place = written[workspace].OriginOf(nameof(WorkspaceOptions.Name));
            CheckName(workspace.Name, place);
            if (workspace.Name.Equals(GlobalScope, StringComparison.OrdinalIgnoreCase))
            {
                findings.Mistake(place, "\"global\" is the scope of LLMs that everybody sees; a workspace must be called otherwise");
            }
        }

        CheckProxies();
    }

    private void CheckKey(KeyOptions key, Dictionary<string, string> owners, KnownTargets targets)
    {
        ConfigObject node = written[key];
        Origin place = node.OriginOf(nameof(KeyOptions.Key));
        CheckName(key.Name, node.OriginOf(nameof(KeyOptions.Name)));
        CheckName(key.Workspace, node.OriginOf(nameof(KeyOptions.Workspace)));
        CheckSecret(key.Key, place);
        if (key.Key is { } secret && secret.Reveal().Length > 0 && !owners.TryAdd(secret.Reveal(), key.Name))
        {
            findings.Mistake(place, $"is the same secret as that of {owners[secret.Reveal()]}; nobody could tell the two callers apart");
        }

        foreach (string model in key.AllowedModels)
        {
            bool isKnown = KnownTargets.IsWildcard(model) || targets.Find(model) is not (TargetKind.Unknown or TargetKind.PerhapsWildcard);
            if (!isKnown)
            {
                findings.Warn(node.OriginOf(nameof(KeyOptions.AllowedModels)), $"\"{model}\" is the name of nothing that is configured{Binding.Nearest.Hint(model, targets.Names)}");
            }
        }
    }

    private void CheckName(string name, Origin place)
    {
        if (name.Length > 0 && Text.NameProblem(name, isAscii: false) is { } problem)
        {
            findings.Mistake(place, problem);
        }
    }

    /// <summary>Clients send it in a header, which carries nothing else.</summary>
    private void CheckSecret(Secret? secret, Origin place)
    {
        if (secret is not null && !secret.Reveal().All(letter => letter is > ' ' and <= '~'))
        {
            findings.Mistake(place, "holds spaces, control characters or letters beyond ASCII, which no client can send");
        }
    }

    private void CheckProxies()
    {
        foreach (string proxy in options.Auth.TrustedProxies)
        {
            if (!IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _))
            {
                findings.Mistake($"LlmProxy:Auth:TrustedProxies: \"{proxy}\" is neither an address nor a network such as 10.0.0.0/8");
            }
        }
    }
}
