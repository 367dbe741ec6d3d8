using System.Net;
using LlmProxy.Forwarding;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Tests.Forwarding;

public sealed class LivenessPolicyTests
{
    private readonly DestinationState _destination = new("gpu", new DestinationModel(new DestinationConfig { Address = "http://gpu:8000/v1" }));
    private readonly Updater _updater = new();
    private readonly LivenessPolicy _policy;

    public LivenessPolicyTests() => _policy = new LivenessPolicy(_updater, TimeProvider.System);

    [Fact]
    public void Replica_MissesTwoChecksInARow_IsDown()
    {
        Check(null);
        Assert.Equal(DestinationHealth.Healthy, _updater.Last);

        Check(HttpStatusCode.ServiceUnavailable);
        Assert.Equal(DestinationHealth.Unhealthy, _updater.Last);

        Check(HttpStatusCode.Unauthorized); // It lives.
        Assert.Equal(DestinationHealth.Healthy, _updater.Last);
    }

    [Fact]
    public void Replica_AnswersCallsBetweenTwoMisses_IsNotDown()
    {
        Check(null);
        ReplicaPolicies.Of(_destination, "http://gpu:8000/v1").Answered();

        Check(null);
        Assert.Equal(DestinationHealth.Healthy, _updater.Last);

        Check(null);
        Assert.Equal(DestinationHealth.Unhealthy, _updater.Last);
    }

    private void Check(HttpStatusCode? status)
    {
        using HttpResponseMessage? answer = status is { } code ? new HttpResponseMessage(code) : null;
        _policy.ProbingCompleted(new ClusterState("llm"), [new DestinationProbingResult(_destination, answer, answer is null ? new HttpRequestException() : null)]);
    }

    private sealed class Updater : IDestinationHealthUpdater
    {
        public DestinationHealth Last { get; private set; }

        public void SetActive(ClusterState cluster, IEnumerable<NewActiveDestinationHealth> newHealthStates) => Last = newHealthStates.Single().NewActiveHealth;

        public void SetPassive(ClusterState cluster, DestinationState destination, DestinationHealth newHealth, TimeSpan reactivationPeriod)
        {
        }
    }
}
