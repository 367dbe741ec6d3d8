using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Binding;

/// <summary>
/// Fills an LLM's Auth block. A credential that is not there makes the LLM unavailable and never stops a start, so what
/// fails here goes to Missing; only what could not mean anything is a mistake.
/// </summary>
internal sealed class AuthBinder(References references, Findings findings)
{
    public const string VariableSuffix = "_env";
    public const string ManyKeys = "api_keys";
    public const string OneKey = "api_key";

    /// <summary>Old templates write this where a key is still to be filled in.</summary>
    public const string Placeholder = "not_configured";

    public AuthSettings Bind(ConfigObject node)
    {
        var auth = new AuthSettings();
        foreach ((string written, ConfigNode value) in node.Members)
        {
            string name = BaseName(written);
            if (value is ConfigNull)
            {
                continue;
            }

            if (name.Length < written.Length && node.Find(name) is { } twin and not ConfigNull)
            {
                findings.Mistake(value.Origin, $"{twin.Origin.Path} is written as well; keep one of them");
            }
            else if (name.Equals(ManyKeys, StringComparison.OrdinalIgnoreCase))
            {
                ReadKeys(auth, value, isVariable: name.Length < written.Length);
                auth.Sources[ManyKeys] = SourceOf(value, name.Length < written.Length);
            }
            else if (value is not ConfigText text)
            {
                findings.Mistake(value.Origin, "must be a text");
            }
            else if (ReadOne(text, name.Length < written.Length, auth.Missing) is { } credential)
            {
                auth.Values[name] = new Secret(credential);
                auth.Sources[name] = SourceOf(text, name.Length < written.Length);
            }
        }

        JoinKeys(auth);
        return auth;
    }

    /// <summary>"api_key" for "api_key_env".</summary>
    public static string BaseName(string written) =>
        written.EndsWith(VariableSuffix, StringComparison.OrdinalIgnoreCase) ? written[..^VariableSuffix.Length] : written;

    /// <summary>Providers ask for api_key; with several it is the first, and the list names it too.</summary>
    private static void JoinKeys(AuthSettings auth)
    {
        if (auth.ApiKeys.Count == 0)
        {
            return;
        }

        if (auth.Get(OneKey) is { } single)
        {
            auth.ApiKeys.RemoveAll(key => key.Reveal() == single);
            auth.ApiKeys.Insert(0, new Secret(single));
        }

        auth.Values[OneKey] = auth.ApiKeys[0];
    }

    /// <summary>A credential pasted where the name of a variable belongs is not shown.</summary>
    private static string SourceOf(ConfigNode value, bool isVariable)
    {
        if (value is ConfigList list)
        {
            return string.Join(", ", list.Items.Select(item => SourceOf(item, isVariable)).Distinct());
        }

        string written = (value as ConfigText)?.Value.Trim() ?? "";
        string variable = isVariable ? written : References.VariableIn(written) ?? "";
        return variable.Length > 0 ? (References.MayBeShown(variable) ? "env:" + variable : "env")
            : References.FileIn(written) is { } file ? "file:" + file
            : "configuration";
    }

    private void ReadKeys(AuthSettings auth, ConfigNode value, bool isVariable)
    {
        IEnumerable<ConfigNode> items = value is ConfigList list ? list.Items : [value];
        var missing = new List<string>();
        foreach (ConfigNode item in items)
        {
            if (item is not ConfigText text)
            {
                findings.Mistake(item.Origin, "must be a text");
                continue;
            }

            string joined = ReadOne(text, isVariable, missing) ?? "";
            foreach (string key in joined.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (!auth.ApiKeys.Exists(known => known.Reveal() == key))
                {
                    auth.ApiKeys.Add(new Secret(key));
                }
            }
        }

        if (auth.ApiKeys.Count == 0)
        {
            auth.Missing.AddRange(missing.Count > 0 ? missing : [$"{ManyKeys} is empty"]);
        }
        else
        {
            // The others can serve: worth saying, not worth an outage.
            missing.ForEach(reason => findings.Warn(value.Origin, reason));
        }
    }

    private string? ReadOne(ConfigText text, bool isVariable, List<string> missing)
    {
        string written = text.Value.Trim();
        if (isVariable && !References.IsVariableName(written))
        {
            findings.Mistake(text.Origin, "must be the name of an environment variable, which holds only letters, digits and underscores");
            return null;
        }

        Resolved resolved = isVariable ? references.Variable(written) : references.Follow(text.Value);
        if (resolved.Problem is { } problem)
        {
            missing.Add(problem);
            return null;
        }

        string value = resolved.Value!.Trim();
        string name = resolved.From is null ? text.Origin.Path : References.IsVariableName(resolved.From) && !References.MayBeShown(resolved.From) ? "its variable" : resolved.From;
        string? fault = value switch
        {
            "" => $"{name} is empty",
            Placeholder => $"{name} says {Placeholder}",
            _ when value.Any(char.IsControl) => $"{name} holds control characters",
            _ => null,
        };
        if (fault is not null)
        {
            missing.Add(fault);
        }

        return fault is null ? value : null;
    }
}
