using System.Diagnostics.Metrics;
using LlmProxy.Configuration;
using LlmProxy.Routing;

namespace LlmProxy.Telemetry;

/// <summary>How the configured LLMs are at this moment; read only when somebody collects.</summary>
internal sealed class LlmGauges
{
    private readonly SnapshotHolder _snapshots;

    public LlmGauges(GatewayMetrics metrics, SnapshotHolder snapshots)
    {
        _snapshots = snapshots;
        metrics.Configured = () => Llms.Select(llm => llm.State.Tags);
        metrics.Meter.CreateObservableGauge("llm_breaker_state", ObserveBreakers, description: "Whether an LLM is left alone after failures: 0 closed, 1 half open, 2 open.");
    }

    private IEnumerable<Deployment> Llms => _snapshots.IsReady ? _snapshots.Current.Llms.Values : [];

    private IEnumerable<Measurement<int>> ObserveBreakers() => Llms.Select(llm =>
        new Measurement<int>((int)llm.State.Breaker.State(llm.Resilience.Breaker), llm.State.Tags.BackendTag, llm.State.Tags.ModelTag));
}
