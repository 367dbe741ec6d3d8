using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>Any answer below 500 shows a living server, also one that dislikes our credential; two failures in a row a dead one.</summary>
internal sealed class LivenessPolicy(IDestinationHealthUpdater updater, TimeProvider time) : IActiveHealthCheckPolicy
{
    public const string PolicyName = "llmproxy_liveness";

    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<DestinationState, Misses> _misses = [];

    public string Name => PolicyName;

    public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
    {
        var health = new List<NewActiveDestinationHealth>(probingResults.Count);
        foreach (DestinationProbingResult result in probingResults)
        {
            Misses misses = _misses.GetOrCreateValue(result.Destination);
            misses.Count = result.Response is { } response && (int)response.StatusCode < 500 ? 0 : misses.Count + 1;
            bool isDown = misses.Count >= 2;
            ReplicaPolicies.Of(result.Destination, result.Destination.Model.Config.Address).Believed(isDown, time.GetUtcNow());
            health.Add(new NewActiveDestinationHealth(result.Destination, isDown ? DestinationHealth.Unhealthy : DestinationHealth.Healthy));
        }

        updater.SetActive(cluster, health);
    }

    private sealed class Misses
    {
        public int Count { get; set; }
    }
}
