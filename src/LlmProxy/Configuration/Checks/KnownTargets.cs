using LlmProxy.Configuration.Options;

namespace LlmProxy.Configuration.Checks;

internal enum TargetKind
{
    Unknown,

    /// <summary>An LLM, by its name or by what it serves.</summary>
    Llm,
    Chain,
    Alias,

    /// <summary>default, auto, auto:STRATEGY.</summary>
    Choice,

    /// <summary>Nobody bears the name, but a wildcard LLM may be asked for it.</summary>
    PerhapsWildcard,
}

/// <summary>What a name written in a chain, an alias or a fallback means.</summary>
internal sealed class KnownTargets
{
    public const string ChainMark = "chain:";

    private const string ChoiceMark = "auto:";

    private readonly GatewayOptions _options;
    private readonly HashSet<string> _llms = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _models = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _wildcardProviders = new(StringComparer.OrdinalIgnoreCase);

    public KnownTargets(GatewayOptions options)
    {
        _options = options;
        foreach (LlmOptions llm in options.Llms)
        {
            _llms.Add(llm.Name);
            if (llm.Model == "*")
            {
                _wildcardProviders.Add(llm.Provider);
            }
            else
            {
                _models.Add(llm.Model);
                _models.Add($"{llm.Provider}/{llm.Model}");
            }
        }
    }

    public IEnumerable<string> Names => _llms.Concat(_options.Chains.Keys).Concat(_options.Aliases.Keys);

    /// <summary>In the order in which a request's model is looked up.</summary>
    public TargetKind Find(string name)
    {
        if (_llms.Contains(name))
        {
            return TargetKind.Llm;
        }

        if (ChainOf(name) is not null)
        {
            return TargetKind.Chain;
        }

        if (_options.Aliases.ContainsKey(name))
        {
            return TargetKind.Alias;
        }

        if (IsServed(name))
        {
            return TargetKind.Llm;
        }

        if (IsPredefinedChain(name))
        {
            return TargetKind.Chain;
        }

        if (_options.Aliases.Keys.Any(alias => IsWildcard(alias) && Matches(alias, name)))
        {
            return TargetKind.Alias;
        }

        bool isChoice = name.ToUpperInvariant() is "AUTO" or "DEFAULT"
            || (name.StartsWith(ChoiceMark, StringComparison.OrdinalIgnoreCase) && Strategies.IsKnown(name[ChoiceMark.Length..]));
        return isChoice ? TargetKind.Choice : _wildcardProviders.Count > 0 ? TargetKind.PerhapsWildcard : TargetKind.Unknown;
    }

    /// <summary>A vendor's model name that an LLM has, or PROVIDER/MODEL that an LLM or a wildcard takes.</summary>
    public bool IsServed(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return _models.Contains(name) || (slash > 0 && _wildcardProviders.Contains(name[..slash]));
    }

    /// <summary>The chain's name for "NAME" or "chain:NAME"; null when there is none.</summary>
    public string? ChainOf(string name)
    {
        string plain = name.StartsWith(ChainMark, StringComparison.OrdinalIgnoreCase) ? name[ChainMark.Length..] : name;
        return _options.Chains.ContainsKey(plain) ? plain : null;
    }

    /// <summary>One of the chains that are there without being configured.</summary>
    public static bool IsPredefinedChain(string name)
    {
        string plain = name.StartsWith(ChainMark, StringComparison.OrdinalIgnoreCase) ? name[ChainMark.Length..] : name;
        return Routing.ChainBook.PredefinedNames.Contains(plain, StringComparer.OrdinalIgnoreCase);
    }

    public static bool IsWildcard(string name) => name.Contains('*', StringComparison.Ordinal);

    /// <summary>"*" stands for any run of letters, "" included; letters do not regard case.</summary>
    public static bool Matches(string pattern, string name)
    {
        string[] parts = pattern.Split('*');
        if (!name.StartsWith(parts[0], StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        int at = parts[0].Length;
        for (int i = 1; i < parts.Length - 1; i++)
        {
            int found = name.IndexOf(parts[i], at, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
            {
                return false;
            }

            at = found + parts[i].Length;
        }

        return parts.Length == 1 ? name.Length == at : name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.OrdinalIgnoreCase);
    }
}
