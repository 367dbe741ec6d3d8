using LlmProxy.Configuration.Options;
using LlmProxy.Limits;

namespace LlmProxy.Pipeline;

/// <summary>Which limits one call must pass, by the snapshot it took.</summary>
internal static class CallLimits
{
    public static LimitSubject Of(Exchange exchange)
    {
        LimitsOptions gateway = exchange.Snapshot.Options.Limits;
        KeyOptions key = exchange.Caller.Key;
        exchange.Snapshot.Workspaces.TryGetValue(key.Workspace, out WorkspaceOptions? workspace);
        return new LimitSubject
        {
            Gateway = new LimitNumbers(gateway.RequestsPerMinute, gateway.MaxParallel),
            Workspace = key.Workspace,
            WorkspaceLimits = workspace is null ? default : new LimitNumbers(workspace.RequestsPerMinute, workspace.MaxParallel),
            Key = key.Name,
            KeyLimits = new LimitNumbers(key.RequestsPerMinute, key.MaxParallel),
            MaxWait = TimeSpan.FromSeconds(gateway.QueueSeconds),
        };
    }
}
