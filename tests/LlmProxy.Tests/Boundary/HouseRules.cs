using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Boundary;

/// <summary>The law as this test reads it, from the operator's words alone; nothing of it asks the gateway.</summary>
internal sealed class HouseRules(GatewayOptions house)
{
    private const int DeepestName = 16;

    /// <summary>What is wrong with who saw this call; null: nothing.</summary>
    /// <param name="call">As it ended.</param>
    /// <param name="whenAllIsWell">The first LLM that it goes to when nothing fails; null: nobody.</param>
    public string? Broken(BoundaryCase call, Sighting? whenAllIsWell)
    {
        if (call.Wrong is not null)
        {
            return call.Wrong;
        }

        if (call.IsHeldHome)
        {
            return call.Seen.FirstOrDefault(IsOutside) is { } seen ? $"{seen} although the call had to stay in the house" : null;
        }

        if (MayLeave(call))
        {
            return null;
        }

        if (whenAllIsWell is not null && !IsOutside(whenAllIsWell) && call.Seen.FirstOrDefault(IsOutside) is { } left && !left.Who.StartsWith("fetch ", StringComparison.Ordinal))
        {
            return $"{left} although the call is {whenAllIsWell.Who}'s, which is local, and nobody allowed it to leave the house";
        }

        bool wasHome = false;
        var knew = new HashSet<string>(); // Who was asked before any local one has the data already: a retry tells it nothing.
        foreach (Sighting seen in call.Seen.Where(s => !s.Who.StartsWith("fetch ", StringComparison.Ordinal)))
        {
            if (wasHome && IsOutside(seen) && seen.Who != whenAllIsWell?.Who && !knew.Contains(seen.Who))
            {
                return $"{seen} after a local LLM, and nobody allowed that";
            }

            wasHome |= !IsOutside(seen);
            if (!wasHome)
            {
                knew.Add(seen.Who);
            }
        }

        return null;
    }

    public bool IsOutside(Sighting seen)
    {
        if (seen.Who.StartsWith("fetch ", StringComparison.Ordinal))
        {
            return !house.Fetch.AllowHosts.Contains(seen.Who[6..]);
        }

        LlmOptions llm = house.Llms.Single(l => l.Name == seen.Who);
        bool isHomely = llm.Provider is "ollama" or "vllm" && !(seen.Model ?? llm.Model).EndsWith("cloud", StringComparison.OrdinalIgnoreCase);
        return !(llm.Local ?? isHomely);
    }

    /// <summary>Whether anybody, operator or caller, said that this call may go from a local LLM to an external one.</summary>
    public bool MayLeave(BoundaryCase call)
    {
        if (house.Routing.Fallback == true || call.Wish("chain") is not null || call.Wish("strategy") is not null)
        {
            return true;
        }

        string name = Follow(call.Model ?? "auto");
        if (name is "auto" or "default")
        {
            return house.Routing.DefaultStrategy.Length > 0 || house.Routing.Defaults.Count > 0;
        }

        return name.StartsWith("auto:", StringComparison.Ordinal) || name.StartsWith("chain:", StringComparison.Ordinal) || house.Chains.ContainsKey(name)
            || name is "local_only" or "high_quality" or "cost_optimized" or "fast_latency" or "code_generation"
            || house.Llms.Exists(l => l.Name == name && l.Fallbacks.Count > 0);
    }

    private string Follow(string name)
    {
        for (int depth = 0; depth < DeepestName && !house.Llms.Exists(l => l.Name == name && l.Model != "*") && !house.Chains.ContainsKey(name); depth++)
        {
            if (house.Aliases.TryGetValue(name, out string? target))
            {
                name = target;
            }
            else if (house.Aliases.FirstOrDefault(a => a.Key.EndsWith('*') && name.StartsWith(a.Key[..^1], StringComparison.Ordinal)).Value is { } covered && covered != name)
            {
                name = covered;
            }
            else
            {
                break;
            }
        }

        return name;
    }
}
