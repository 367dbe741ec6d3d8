using LlmProxy.Pipeline;
using LlmProxy.Routing;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>Tells YARP what the attempts showed: a replica that cannot be reached rests while its siblings work.</summary>
internal sealed class PassiveHealth(IDestinationHealthUpdater updater, TimeProvider time)
{
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    public void Record(Deployment llm, Replica replica, in Verdict verdict)
    {
        // A lone replica is always worth another try: there is nobody to send the call to instead.
        if (llm.Replicas.Count < 2 || llm.Cluster is not { } cluster)
        {
            return;
        }

        if (verdict.Failure?.Code == ErrorCode.ProviderUnreachable)
        {
            replica.Believed(isDown: true, time.GetUtcNow());
            updater.SetPassive(cluster, replica.State, DestinationHealth.Unhealthy, Rest);
        }
        else if (verdict.Kind == VerdictKind.Answered && replica.State.Health.Passive == DestinationHealth.Unhealthy)
        {
            replica.Believed(isDown: false, time.GetUtcNow());
            updater.SetPassive(cluster, replica.State, DestinationHealth.Healthy, Rest);
        }
    }
}
