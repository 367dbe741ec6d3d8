using System.Text;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Routing;

namespace LlmProxy.Hosting;

/// <summary>What an operator reads at the start: what is served, by whom, and who may hand data to whom. No secrets.</summary>
internal static class Banner
{
    /// <summary>Line by line: log formats keep one event on one line.</summary>
    public static string[] Lines(GatewaySnapshot snapshot, IEnumerable<string> addresses, IReadOnlyList<string> sources) =>
        Write(snapshot, addresses, sources).Split(Environment.NewLine);

    public static string Write(GatewaySnapshot snapshot, IEnumerable<string> addresses, IReadOnlyList<string> sources)
    {
        var text = new StringBuilder();
        text.Append("LlmProxy is serving on ").AppendJoin(", ", addresses).AppendLine();
        text.Append("  auth      ").AppendLine(Auth(snapshot));
        foreach (string source in sources.DefaultIfEmpty("built-in defaults"))
        {
            text.Append("  source    ").AppendLine(source);
        }

        Deployment? chosen = snapshot.Models.DefaultLlm("default");
        text.Append("  default   ").AppendLine(chosen is null ? "none marked: calls that name no model go by priority" : chosen.Name);
        foreach (Deployment llm in snapshot.Models.ByPriority)
        {
            text.Append("  llm       ").Append(llm.Name).Append(" = ").Append(llm.ProviderName).Append('/').Append(llm.Options.Model)
                .Append(llm.IsLocal ? ", local" : llm.IsDummy ? ", built in" : ", external").Append(": ").AppendLine(State(llm));
        }

        foreach ((string name, NameEntry chain) in snapshot.Models.Chains.Where(c => !c.Value.IsPredefined))
        {
            text.Append("  chain     ").Append(name).Append(" = ").AppendJoin(" > ", chain.Targets.Select(t => t.Deployment.Name)).AppendLine();
        }

        text.Append("  handover  ").Append(Handover(snapshot));
        return text.ToString();
    }

    /// <summary>Where a failure may carry a request from the house to an outside vendor.</summary>
    public static string Handover(GatewaySnapshot snapshot)
    {
        var pairs = new List<string>();
        foreach (Deployment llm in snapshot.Models.ByPriority.Where(l => l is { IsLocal: true, IsWildcard: false }))
        {
            Add(pairs, snapshot.Models.Find(llm.Name)?.WithinHouse, null);
        }

        foreach ((string name, NameEntry chain) in snapshot.Models.Chains.Where(c => !c.Value.IsPredefined))
        {
            Add(pairs, chain.Targets, name);
        }

        RoutingOptions routing = snapshot.Options.Routing;
        if (routing.Fallback == true || routing.DefaultStrategy.Length > 0)
        {
            Add(pairs, snapshot.Models.Auto.ByPriority(localFirst: false).Targets.Where(t => t.Deployment.Unavailable is null).ToList(), "auto");
        }

        return pairs.Count == 0
            ? "no local LLM hands data to an external one"
            : "local LLMs may hand data to external ones: " + string.Join("; ", pairs.Distinct());
    }

    public static string State(Deployment llm)
    {
        if (llm.Unavailable is { } reason)
        {
            return "not available: " + reason;
        }

        return llm.State.LastProbe is { } probe ? (probe.IsAlive ? probe.Detail : "NOT REACHABLE: " + probe.Detail) : "not looked at yet";
    }

    private static void Add(List<string> pairs, IReadOnlyList<RouteTarget>? targets, string? by)
    {
        if (targets is null || !HouseRule.LeavesHouse(targets))
        {
            return;
        }

        RouteTarget local = targets.First(t => t.Deployment.IsLocal);
        IEnumerable<string> outside = targets.SkipWhile(t => t != local).Where(t => !t.Deployment.IsLocal && !t.Deployment.IsDummy).Select(t => t.Deployment.Name);
        string list = string.Join(", ", outside);
        if (list.Length > 0)
        {
            pairs.Add($"{local.Deployment.Name} > {list}" + (by is null ? "" : $" ({by})"));
        }
    }

    private static string Auth(GatewaySnapshot snapshot) => snapshot.AuthMode == AuthMode.Open
        ? "open: anybody on this machine may call"
        : $"keys: {snapshot.Keys.Count} configured{(snapshot.Keys.HasAdmin ? ", admin key set" : "")}";
}
