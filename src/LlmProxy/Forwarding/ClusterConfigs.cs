using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Routing;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace LlmProxy.Forwarding;

/// <summary>What YARP is told about each LLM: one cluster, its replicas as destinations, their health checks.</summary>
internal static class ClusterConfigs
{
    public const string AvailablePolicy = "HealthyAndUnknown";

    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    public static ClusterConfig For(Deployment deployment, GatewayOptions options)
    {
        LlmOptions llm = deployment.Options;
        var addresses = Addresses(deployment);
        var metadata = new Dictionary<string, string>
        {
            [UpstreamClients.ConnectSeconds] = options.Resilience.ConnectSeconds.ToString(CultureInfo.InvariantCulture),
        };
        if (deployment.IsDummy)
        {
            metadata[UpstreamClients.DummyName] = "true";
        }

        // Servers in the house are watched; a paid vendor with one address is not asked every few seconds whether it lives.
        bool isWatched = !deployment.IsDummy && (deployment.IsLocal || addresses.Count > 1);
        return new ClusterConfig
        {
            ClusterId = llm.Name,
            LoadBalancingPolicy = ReplicaPolicies.NameOf(options.Routing.ReplicaPolicy),
            Destinations = addresses.ToDictionary(a => a, a => new DestinationConfig { Address = a }, StringComparer.OrdinalIgnoreCase),
            Metadata = metadata,
            HttpClient = new HttpClientConfig { EnableMultipleHttp2Connections = true },
            HealthCheck = new HealthCheckConfig
            {
                AvailableDestinationsPolicy = AvailablePolicy,
                Active = new ActiveHealthCheckConfig
                {
                    Enabled = isWatched,
                    Interval = ProbeInterval,
                    Timeout = ProbeTimeout,
                    Policy = LivenessPolicy.PolicyName,
                },
                Passive = new PassiveHealthCheckConfig { Enabled = true, Policy = "TransportFailureRate", ReactivationPeriod = PassiveHealth.Rest },
            },
        };
    }

    /// <summary>The replicas' base addresses, as the provider wants them.</summary>
    public static IReadOnlyList<string> Addresses(Deployment deployment)
    {
        LlmOptions llm = deployment.Options;
        IEnumerable<string> written = llm.Destinations.Count > 0 ? llm.Destinations : [llm.BaseUrl];
        return [.. written.Select(address => deployment.Provider.NormalizeBase(address, llm)).Distinct(StringComparer.OrdinalIgnoreCase)];
    }
}
