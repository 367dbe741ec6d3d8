using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.LoadBalancing;

namespace LlmProxy.Tests.Forwarding;

public sealed class ReplicaPolicyNameTests
{
    /// <summary>YARP takes no cluster whose policy it does not know, and the gateway then does not start.</summary>
    [Fact]
    public void EveryPolicy_ThatCanBeConfigured_IsThere()
    {
        var services = new ServiceCollection();
        ReplicaPolicies.AddTo(services);
        using ServiceProvider provider = services.BuildServiceProvider();
        string[] known = [.. provider.GetServices<ILoadBalancingPolicy>().Select(policy => policy.Name)];

        Assert.All(Enum.GetValues<ReplicaPolicy>(), policy => Assert.Contains(ReplicaPolicies.NameOf(policy), known));
    }
}
