using LlmProxy.Configuration;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Media;
using LlmProxy.Routing;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;

namespace LlmProxy.Forwarding;

internal static class ForwardingSetup
{
    public static IServiceCollection AddForwarding(this IServiceCollection services)
    {
        services.AddSingleton<DummyHandlers>();
        services.AddSingleton<IForwarderHttpClientFactory, UpstreamClients>();
        services.AddSingleton<IProbingRequestFactory, ProbeRequests>();
        services.AddSingleton<IActiveHealthCheckPolicy, LivenessPolicy>();
        ReplicaPolicies.AddTo(services);
        services.AddReverseProxy();
        services.AddSingleton<IProxyConfigProvider>(provider => provider.GetRequiredService<GatewayConfigProvider>());
        services.AddSingleton<IConfigChangeListener, SnapshotPublisher>();
        services.AddSingleton<LlmStates>();
        services.AddSingleton<PassiveHealth>();
        services.AddSingleton<StartProbes>();
        services.AddSingleton<MediaFetcher>();
        services.AddSingleton<AttemptClocks>();
        services.AddSingleton<AttemptRunner>();
        services.AddSingleton<TargetRunner>();
        services.AddSingleton<Continuer>();
        services.AddSingleton<HedgedTargets>();
        services.AddSingleton<AttemptLoop>();
        return services;
    }

    /// <summary>
    /// YARP brings data protection along for session affinity, which is not used here: its hosted service would read and
    /// write a key ring in the user's home at every start, also where nothing may be written.
    /// </summary>
    public static void RemoveKeyRing(this IServiceCollection services)
    {
        ServiceDescriptor[] hosted = [.. services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Name == "DataProtectionHostedService")];
        foreach (ServiceDescriptor service in hosted)
        {
            services.Remove(service);
        }
    }
}
