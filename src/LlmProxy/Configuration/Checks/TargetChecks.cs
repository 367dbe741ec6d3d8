using LlmProxy.Configuration.Binding;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;
using LlmProxy.Endpoints;

namespace LlmProxy.Configuration.Checks;

/// <summary>What must be true between names: chains, aliases, fallbacks and defaults lead somewhere and not in circles.</summary>
internal sealed class TargetChecks(GatewayOptions options, Dictionary<object, ConfigObject> written, Findings findings)
{
    private readonly KnownTargets _targets = new(options);
    private readonly ConfigObject _section = written[options];

    public void Check()
    {
        CheckCollisions();
        foreach ((string name, ChainOptions chain) in options.Chains)
        {
            CheckChain(name, chain);
        }

        foreach ((string alias, string target) in options.Aliases)
        {
            CheckAlias(alias, target);
        }

        foreach (LlmOptions llm in options.Llms)
        {
            CheckFallbacks(llm);
        }

        CheckDefaults();
    }

    private Origin Place(string section, string name) =>
        _section.Find(section) is ConfigObject map ? map.OriginOf(name) : _section.OriginOf(section).Member(name);

    private void CheckCollisions()
    {
        foreach (LlmOptions llm in options.Llms)
        {
            if (options.Chains.ContainsKey(llm.Name))
            {
                findings.Mistake(Place(nameof(GatewayOptions.Chains), llm.Name), $"is also the name of an LLM ({written[llm].Origin.Path}); one of them must be called otherwise");
            }
        }

        foreach (string alias in options.Aliases.Keys)
        {
            TargetKind hidden = options.Llms.Exists(llm => llm.Name.Equals(alias, StringComparison.OrdinalIgnoreCase)) ? TargetKind.Llm
                : options.Chains.ContainsKey(alias) ? TargetKind.Chain
                : TargetKind.Unknown;
            if (hidden != TargetKind.Unknown)
            {
                findings.Warn(Place(nameof(GatewayOptions.Aliases), alias), $"is never used, because {(hidden == TargetKind.Llm ? "an LLM" : "a chain")} bears this name");
            }
        }
    }

    private void CheckChain(string name, ChainOptions chain)
    {
        Origin place = Place(nameof(GatewayOptions.Chains), name);
        if (Text.NameProblem(name, isAscii: false) is { } problem)
        {
            findings.Mistake(place, problem);
        }

        if (chain.Strategy.Length > 0 && !Strategies.IsKnown(chain.Strategy))
        {
            findings.Mistake(place.Member(nameof(ChainOptions.Strategy)), UnknownStrategy(chain.Strategy));
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string member in chain.Llms)
        {
            if (!seen.Add(_targets.ChainOf(member) ?? Plain(member)))
            {
                findings.Mistake(place, $"names \"{member}\" twice");
            }

            CheckTarget(place, member, mayBeChoice: false);
        }

        if (FindCircle(name, chain => options.Chains[chain].Llms.Select(_targets.ChainOf).OfType<string>()) is { } circle)
        {
            findings.Mistake(place, $"leads back to itself: {circle}");
        }

        List<LlmOptions> members = [.. options.Llms.Where(llm => seen.Contains(llm.Name) || seen.Contains(llm.Model))];
        if (chain.Strategy == Strategies.Weighted && members.Count > 0 && members.TrueForAll(llm => llm.Weight == 0) && !seen.Any(member => _targets.ChainOf(member) is not null))
        {
            findings.Mistake(place, "is weighted, but every one of its LLMs has weight 0");
        }
    }

    /// <summary>"chain:local_only" and "local_only" are one chain, also where nobody configured it.</summary>
    private static string Plain(string member) =>
        KnownTargets.IsPredefinedChain(member) && member.StartsWith(KnownTargets.ChainMark, StringComparison.OrdinalIgnoreCase) ? member[KnownTargets.ChainMark.Length..] : member;

    private void CheckAlias(string alias, string target)
    {
        Origin place = Place(nameof(GatewayOptions.Aliases), alias);
        if (alias.Length == 0 || alias.Any(char.IsControl) || alias.Contains(',', StringComparison.Ordinal))
        {
            findings.Mistake(place, "a name must not be empty or hold commas or control characters");
        }

        if (FindCircle(alias, NextAlias) is { } circle)
        {
            findings.Mistake(place, $"leads back to itself: {circle}");
        }
        else
        {
            CheckTarget(place, target, mayBeChoice: true);
        }
    }

    private IEnumerable<string> NextAlias(string alias)
    {
        string target = options.Aliases[alias];
        if (options.Llms.Exists(llm => llm.Name.Equals(target, StringComparison.OrdinalIgnoreCase)) || _targets.ChainOf(target) is not null)
        {
            return [];
        }

        if (options.Aliases.ContainsKey(target))
        {
            return [target];
        }

        // "claude-*": "claude-3" is meant well where an LLM serves claude-3.
        return _targets.IsServed(target)
            ? []
            : options.Aliases.Keys.Where(other => KnownTargets.IsWildcard(other) && KnownTargets.Matches(other, target)).Take(1);
    }

    private void CheckFallbacks(LlmOptions llm)
    {
        Origin place = written[llm].OriginOf(nameof(LlmOptions.Fallbacks));
        foreach (string fallback in llm.Fallbacks)
        {
            if (fallback.Equals(llm.Name, StringComparison.OrdinalIgnoreCase))
            {
                findings.Mistake(place, "names the LLM itself");
            }
            else
            {
                CheckTarget(place, fallback, mayBeChoice: false);
            }
        }
    }

    private void CheckDefaults()
    {
        foreach ((string endpoint, string target) in options.Routing.Defaults)
        {
            Origin place = _section.OriginOf(nameof(GatewayOptions.Routing)).Member(nameof(RoutingOptions.Defaults)).Member(endpoint);
            string[] known = [.. EndpointKind.OfOpenAi.Select(kind => kind.Name)];
            if (!known.Contains(endpoint, StringComparer.OrdinalIgnoreCase))
            {
                findings.Mistake(place, $"is no endpoint that is known{Nearest.Hint(endpoint, known)} (known: {string.Join(", ", known)})");
            }

            CheckTarget(place, target, mayBeChoice: true);
        }

        foreach (IGrouping<string, LlmOptions> scope in options.Llms.Where(llm => llm is { IsDefault: true, Enabled: true }).GroupBy(llm => llm.Scope, StringComparer.OrdinalIgnoreCase))
        {
            if (scope.Count() > 1)
            {
                findings.Mistake($"LlmProxy:Llms: {Text.Join([.. scope.Select(llm => llm.Name)])} are all IsDefault in the scope {scope.Key}; only one can be");
            }
        }

        CheckRouting();
    }

    private void CheckRouting()
    {
        RoutingOptions routing = options.Routing;
        Origin place = _section.OriginOf(nameof(GatewayOptions.Routing));
        if (routing.DefaultStrategy.Length > 0 && !Strategies.IsKnown(routing.DefaultStrategy))
        {
            findings.Mistake(place.Member(nameof(RoutingOptions.DefaultStrategy)), UnknownStrategy(routing.DefaultStrategy));
        }

        List<LlmOptions> choices = [.. options.Llms.Where(llm => llm.Enabled && llm.Model != "*")];
        if (routing.DefaultStrategy == Strategies.Weighted && choices.Count > 0 && choices.TrueForAll(llm => llm.Weight == 0))
        {
            findings.Mistake(place.Member(nameof(RoutingOptions.DefaultStrategy)), "is weighted, but every LLM has weight 0");
        }

        foreach ((string task, string capability) in routing.Tasks)
        {
            if (task.Trim().Length == 0 || capability.Trim().Length == 0)
            {
                findings.Mistake(place.Member(nameof(RoutingOptions.Tasks)).Member(task), "a task and the capability it stands for must not be empty");
            }
        }
    }

    private void CheckTarget(Origin place, string target, bool mayBeChoice)
    {
        TargetKind kind = _targets.Find(target);
        if (!mayBeChoice && kind is TargetKind.Alias or TargetKind.Choice)
        {
            findings.Mistake(place, $"\"{target}\" is no LLM and no chain but {(kind == TargetKind.Alias ? "an alias" : "a choice for requests")}");
        }
        else if (kind == TargetKind.Unknown)
        {
            findings.Mistake(place, $"\"{target}\" is {(mayBeChoice ? "no LLM, chain or alias" : "no LLM or chain")} that is configured{Nearest.Hint(target, _targets.Names)}");
        }
        else if (kind == TargetKind.PerhapsWildcard)
        {
            findings.Warn(place, $"\"{target}\" is the name of nothing that is configured; it counts on a wildcard LLM to serve it{Nearest.Hint(target, _targets.Names)}");
        }
    }

    private static string UnknownStrategy(string written) =>
        $"\"{written}\" is no strategy that is known{Nearest.Hint(written, Strategies.All)} (known: {string.Join(", ", Strategies.All)})";

    /// <summary>"a → b → a", or null.</summary>
    private static string? FindCircle(string start, Func<string, IEnumerable<string>> next)
    {
        var from = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var open = new Stack<string>([start]);
        while (open.TryPop(out string? name))
        {
            foreach (string step in next(name))
            {
                if (step.Equals(start, StringComparison.OrdinalIgnoreCase))
                {
                    return Way(start, name, from);
                }

                if (from.TryAdd(step, name))
                {
                    open.Push(step);
                }
            }
        }

        return null;
    }

    private static string Way(string start, string last, Dictionary<string, string> from)
    {
        List<string> way = [start];
        for (string name = last; !name.Equals(start, StringComparison.OrdinalIgnoreCase); name = from[name])
        {
            way.Insert(0, name);
        }

        return string.Join(" → ", way.Prepend(start));
    }
}
