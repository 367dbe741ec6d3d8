using System.Diagnostics.Metrics;
using LlmProxy.Accounting;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Telemetry;

namespace LlmProxy.Limits;

/// <summary>What workspaces have left of their budgets in USD; read only when somebody collects.</summary>
internal sealed class BudgetGauge
{
    private readonly SnapshotHolder _snapshots;
    private readonly LimitGate _gate;

    public BudgetGauge(GatewayMetrics metrics, SnapshotHolder snapshots, LimitGate gate)
    {
        _snapshots = snapshots;
        _gate = gate;
        metrics.Meter.CreateObservableGauge("llm_budget_remaining_usd", Observe, description: "What is left of a workspace's budget in its present period, in US dollars.");
    }

    private IEnumerable<Measurement<double>> Observe()
    {
        if (!_snapshots.IsReady)
        {
            yield break;
        }

        foreach (WorkspaceOptions workspace in _snapshots.Current.Workspaces.Values)
        {
            if (_gate.Standing(workspace).Budget?.UnitsLeft is { } left)
            {
                yield return new Measurement<double>((double)Money.ToUsd(left), new KeyValuePair<string, object?>("workspace", workspace.Name));
            }
        }
    }
}
