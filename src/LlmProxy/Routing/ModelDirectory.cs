using System.Collections.Frozen;
using LlmProxy.Configuration.Options;
using LlmProxy.Routing.Strategies;
using LlmProxy.Wire;

namespace LlmProxy.Routing;

/// <summary>
/// Every model name that a client may ask for, resolved once per configuration. The order of the look-ups is the
/// contract's: an LLM's name, a chain, an alias, a vendor's model, provider/model, a known bare name, the rest unknown.
/// </summary>
internal sealed class ModelDirectory
{
    /// <summary>So many others of the same model follow a named LLM: each call looks at all of them, and none has the time for more.</summary>
    private const int MostFollowers = 16;

    public const string ChainPrefix = "chain:";
    private const int DeepestName = 16;

    private readonly FrozenDictionary<string, NameEntry> _own;
    private readonly FrozenDictionary<string, NameEntry> _vendorModels;
    private readonly FrozenDictionary<string, string> _aliases;
    private readonly (string Pattern, string Target)[] _aliasPatterns;
    private readonly Deployment[] _wildcards;
    private readonly Deployment[] _byPriority;
    private readonly NameEntry?[] _endpointDefaults;
    private readonly bool _mayLeaveHouse;
    private readonly ManualDefault _manualDefault;
    private volatile ChosenOrder _auto;

    public ModelDirectory(GatewayOptions options, IReadOnlyList<Deployment> deployments, ManualDefault? manualDefault = null)
    {
        _manualDefault = manualDefault ?? new ManualDefault();
        _mayLeaveHouse = options.Routing.Fallback == true;
        _byPriority = [.. deployments.OrderBy(d => d.Options.Priority)];
        _wildcards = [.. _byPriority.Where(d => d.IsWildcard || d.IsImplied)];
        _vendorModels = VendorModels();
        _aliases = options.Aliases.Where(a => !Glob.HasWildcard(a.Key)).ToFrozenDictionary(a => a.Key, a => a.Value, StringComparer.OrdinalIgnoreCase);
        _aliasPatterns = [.. options.Aliases.Where(a => Glob.HasWildcard(a.Key)).OrderByDescending(a => a.Key.Length).Select(a => (a.Key, a.Value))];
        _auto = OrderFor(_manualDefault.Chosen);
        DefaultStrategy = RouteStrategies.Find(options.Routing.DefaultStrategy);
        Capabilities = deployments.SelectMany(d => d.Facts.Capabilities).Concat(options.Routing.Tasks.Values).Concat(Routing.Capabilities.BuiltIn).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        Tasks = Routing.Capabilities.Tasks.Where(t => !options.Routing.Tasks.ContainsKey(t.Key)).Concat(options.Routing.Tasks).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _own = OwnNames(options);
        _endpointDefaults = new NameEntry?[Endpoints.EndpointKind.All.Count];
        foreach (Endpoints.EndpointKind endpoint in Endpoints.EndpointKind.All)
        {
            _endpointDefaults[endpoint.Ordinal] = options.Routing.Defaults.TryGetValue(endpoint.Family, out string? name) ? Find(name) : null;
        }
    }

    public IReadOnlyList<Deployment> ByPriority => _byPriority;

    /// <summary>The orders for calls that name no LLM; made anew after an operator has chosen another default.</summary>
    public AutoOrder Auto
    {
        get
        {
            ChosenOrder made = _auto;
            DefaultChosen chosen = _manualDefault.Chosen;
            return ReferenceEquals(made.Chosen, chosen) ? made.Order : (_auto = OrderFor(chosen)).Order;
        }
    }

    /// <summary>Null: the default LLM first, then by priority.</summary>
    public IRouteStrategy? DefaultStrategy { get; }

    /// <summary>Every capability that may be asked for.</summary>
    public FrozenSet<string> Capabilities { get; }

    /// <summary>Every task that may be named, with the capability it stands for.</summary>
    public FrozenDictionary<string, string> Tasks { get; }

    /// <summary>Whose turn it is to look after an LLM that has been slow.</summary>
    public ProbeTurn Probes { get; } = new();

    /// <summary>Those that are configured, and those that are there without.</summary>
    public IEnumerable<KeyValuePair<string, NameEntry>> Chains => _own.Where(e => e.Value.Kind == NameKind.Chain && !e.Key.StartsWith(ChainPrefix, StringComparison.Ordinal));

    public IEnumerable<string> Aliases => _aliases.Keys;

    /// <summary>Null when the name stands for nothing here.</summary>
    public NameEntry? Find(string name) => Find(name, 0);

    /// <summary>Where an alias leads in the end, which may be "auto" or "default"; the name itself when it is none.</summary>
    public string Follow(string name)
    {
        for (int depth = 0; depth < DeepestName && !_own.ContainsKey(name) && AliasTarget(name) is { } target; depth++)
        {
            name = target;
        }

        return name;
    }

    /// <summary>The LLM that answers an endpoint for calls that name none.</summary>
    public NameEntry? DefaultFor(Endpoints.EndpointKind endpoint) => _endpointDefaults[endpoint.Ordinal];

    /// <summary>The marked default: a workspace's own beats what an operator chose for all, and that beats the global mark.</summary>
    public Deployment? DefaultLlm(string workspace)
    {
        Deployment? global = null;
        foreach (Deployment deployment in _byPriority)
        {
            if (!deployment.Options.IsDefault || !deployment.IsVisibleTo(workspace))
            {
                continue;
            }

            if (!deployment.IsGlobal)
            {
                return deployment;
            }

            global ??= deployment;
        }

        return ChosenLlm ?? global;
    }

    /// <summary>The LLM that an operator's choice at run time means; null when nobody chose, or what was chosen is gone.</summary>
    public Deployment? ChosenLlm => _manualDefault.Chosen is var chosen && chosen != DefaultChosen.Nothing ? ManualDefault.Find(chosen, _byPriority) : null;

    /// <summary>A chain's name without its prefix, or with it.</summary>
    public static string OtherChainName(string name) =>
        name.StartsWith(ChainPrefix, StringComparison.OrdinalIgnoreCase) ? name[ChainPrefix.Length..] : ChainPrefix + name;

    /// <summary>Whether the name is an alias: then a key may be allowed it by that name.</summary>
    public bool IsAlias(string name) => _aliases.ContainsKey(name);

    /// <summary>All names worth suggesting.</summary>
    public IEnumerable<string> Known => _own.Keys.Where(k => !k.StartsWith("chain:", StringComparison.Ordinal)).Concat(_aliases.Keys).Concat(_vendorModels.Keys);

    private ChosenOrder OrderFor(DefaultChosen chosen) => new(chosen, new AutoOrder(_byPriority, DefaultLlm, _mayLeaveHouse));

    private NameEntry? Find(string name, int depth)
    {
        if (_own.TryGetValue(name, out NameEntry? entry))
        {
            return entry;
        }

        if (depth < DeepestName && AliasTarget(name) is { } target)
        {
            return Find(target, depth + 1);
        }

        return _vendorModels.TryGetValue(name, out entry) ? entry : Pinned(name) ?? BareName(name);
    }

    private string? AliasTarget(string name)
    {
        if (_aliases.TryGetValue(name, out string? target))
        {
            return target;
        }

        foreach ((string pattern, string patternTarget) in _aliasPatterns)
        {
            // An alias whose target its own pattern covers ("gpt-*" to "gpt-4o") must not run in a circle.
            if (Glob.IsMatch(pattern, name) && !patternTarget.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return patternTarget;
            }
        }

        return null;
    }

    /// <summary>provider/model: the LLMs of that provider alone, those that name the model before the wildcards.</summary>
    private NameEntry? Pinned(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == name.Length - 1)
        {
            return null;
        }

        string provider = name[..slash];
        string model = name[(slash + 1)..];
        var targets = new List<RouteTarget>();
        foreach (Deployment deployment in _byPriority)
        {
            if (deployment.ProviderName.Equals(provider, StringComparison.OrdinalIgnoreCase)
                && !deployment.IsWildcard
                && (deployment.Options.Model.Equals(model, StringComparison.OrdinalIgnoreCase) || deployment.Name.Equals(model, StringComparison.OrdinalIgnoreCase)))
            {
                targets.Add(new RouteTarget(deployment, deployment.Options.Model));
            }
        }

        if (targets.Count == 0)
        {
            targets.AddRange(_wildcards
                .Where(d => d.ProviderName.Equals(provider, StringComparison.OrdinalIgnoreCase) || (d.IsImplied && KnownModels.Serves(provider, model)))
                .Select(d => new RouteTarget(d, model)));
        }

        return targets.Count == 0 ? null : HomeBound(NameKind.Pinned, targets);
    }

    private NameEntry? BareName(string name)
    {
        var targets = new List<RouteTarget>();
        foreach (Deployment wildcard in _wildcards)
        {
            if (KnownModels.Serves(wildcard.ProviderName, name) || (wildcard.IsImplied && KnownModels.Knows(name)))
            {
                targets.Add(new RouteTarget(wildcard, name));
            }
        }

        return targets.Count == 0 ? null : HomeBound(NameKind.Wildcard, targets);
    }

    private FrozenDictionary<string, NameEntry> VendorModels() => _byPriority
        .Where(d => !d.IsWildcard)
        .GroupBy(d => d.Options.Model, StringComparer.OrdinalIgnoreCase)
        .ToFrozenDictionary(
            g => g.Key,
            g => HomeBound(NameKind.VendorModel, [.. g.Select(d => new RouteTarget(d, d.Options.Model))]),
            StringComparer.OrdinalIgnoreCase);

    private NameEntry HomeBound(NameKind kind, List<RouteTarget> targets) =>
        new(kind, targets) { HomeBound = _mayLeaveHouse ? 0 : HouseRule.BoundOf(targets) };

    private FrozenDictionary<string, NameEntry> OwnNames(GatewayOptions options)
    {
        var byName = _byPriority.ToDictionary(d => d.Name, StringComparer.OrdinalIgnoreCase);
        var names = new Dictionary<string, NameEntry>(StringComparer.OrdinalIgnoreCase);
        foreach (Deployment deployment in _byPriority.Where(d => !d.IsWildcard))
        {
            names[deployment.Name] = WithFollowers(new RouteTarget(deployment, deployment.Options.Model), byName, options);
        }

        foreach ((string chain, ChainOptions members) in options.Chains)
        {
            NameEntry entry = Chain(members, byName, options, 0);
            names.TryAdd(chain, entry);
            names[ChainPrefix + chain] = entry;
        }

        foreach ((string chain, NameEntry entry) in ChainBook.FromWhatThereIs(Auto.Choices))
        {
            if (!_aliases.ContainsKey(chain) && !_vendorModels.ContainsKey(chain) && !options.Chains.ContainsKey(chain))
            {
                names.TryAdd(chain, entry);
            }

            names.TryAdd(ChainPrefix + chain, entry);
        }

        return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    private NameEntry Chain(ChainOptions chain, Dictionary<string, Deployment> byName, GatewayOptions options, int depth) =>
        ChainBook.Join([.. chain.Llms.Select(member => Member(member, byName, options, depth))], RouteStrategies.Find(chain.Strategy));

    /// <summary>A member is an LLM's name, another chain, an alias or a vendor's model. Circles were refused when the configuration was read.</summary>
    private NameEntry Member(string name, Dictionary<string, Deployment> byName, GatewayOptions options, int depth)
    {
        if (byName.TryGetValue(name, out Deployment? deployment))
        {
            return new NameEntry(NameKind.Llm, [new RouteTarget(deployment, deployment.Options.Model)]);
        }

        string chain = name.StartsWith(ChainPrefix, StringComparison.OrdinalIgnoreCase) ? name[ChainPrefix.Length..] : name;
        if (depth < DeepestName && options.Chains.TryGetValue(chain, out ChainOptions? inner))
        {
            return Chain(inner, byName, options, depth + 1);
        }

        if (depth < DeepestName && AliasTarget(name) is { } target)
        {
            return Member(target, byName, options, depth + 1);
        }

        NameEntry? predefined = ChainBook.FromWhatThereIs(Auto.Choices).FirstOrDefault(c => c.Name.Equals(chain, StringComparison.OrdinalIgnoreCase)).Chain;
        return predefined ?? (_vendorModels.TryGetValue(name, out NameEntry? entry) ? entry : Pinned(name) ?? BareName(name)) ?? new NameEntry(NameKind.Llm, []);
    }

    /// <summary>
    /// A named LLM is followed by those that serve the same vendor model, then by its own Fallbacks; a local one by an
    /// external one only where its Fallbacks say so.
    /// </summary>
    private NameEntry WithFollowers(RouteTarget first, Dictionary<string, Deployment> byName, GatewayOptions options)
    {
        List<RouteTarget> written = [.. first.Deployment.Options.Fallbacks.SelectMany(fallback => Member(fallback, byName, options, 0).WithinHouse)];
        var targets = new List<RouteTarget> { first };
        targets.AddRange(_byPriority
            .Where(d => d != first.Deployment && !d.IsDummy && d.Options.Model.Equals(first.Model, StringComparison.OrdinalIgnoreCase))
            .Take(MostFollowers)
            .Select(d => new RouteTarget(d, d.Options.Model)));
        IReadOnlyList<RouteTarget> kept = HomeBound(NameKind.Llm, targets).WithinHouse;

        // What the house rule would take away here may still follow where Fallbacks name it.
        targets.RemoveAll(target => !kept.Contains(target) && written.Exists(t => t.Deployment == target.Deployment));
        NameEntry same = HomeBound(NameKind.Llm, targets);
        foreach (RouteTarget target in written)
        {
            if (!targets.Exists(t => t.Deployment == target.Deployment))
            {
                targets.Add(target);
            }
        }

        return same with { Targets = targets };
    }

    /// <summary>The orders, and the choice that they were made with.</summary>
    private sealed record ChosenOrder(DefaultChosen Chosen, AutoOrder Order);
}
