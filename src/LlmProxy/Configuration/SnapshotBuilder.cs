using System.Collections.Frozen;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Guards;
using LlmProxy.Providers;
using LlmProxy.Routing;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Configuration;

/// <summary>Turns options into YARP's clusters, and YARP's answer into the snapshot that requests read.</summary>
internal sealed class SnapshotBuilder(LlmStates states, DummyHandlers dummies, ManualDefault manualDefault, TimeProvider time)
{
    public GatewayProxyConfig Draft(SnapshotDraft draft)
    {
        var clusters = new List<ClusterConfig>();
        foreach (LlmOptions options in draft.Options.Llms.Where(llm => llm.Enabled))
        {
            Deployment deployment = Sketch(options, draft, out string? unavailable);
            if (unavailable is null)
            {
                if (deployment.IsDummy)
                {
                    dummies.Announce(options);
                }

                clusters.Add(ClusterConfigs.For(deployment, draft.Options));
            }
        }

        return new GatewayProxyConfig(draft, clusters);
    }

    /// <summary>Called when YARP has taken the clusters in: the snapshot holds its states, and no request looks one up by name.</summary>
    public GatewaySnapshot Build(SnapshotDraft draft, IProxyStateLookup lookup)
    {
        var deployments = new List<Deployment>();
        var resilience = new LlmResilience(draft.Options.Resilience, time);
        foreach (LlmOptions options in draft.Options.Llms.Where(llm => llm.Enabled))
        {
            Deployment sketch = Sketch(options, draft, out string? unavailable);
            ClusterState? cluster = unavailable is null && lookup.TryGetCluster(options.Name, out ClusterState? found) ? found : null;
            Replica[] replicas = cluster is null ? [] : [.. cluster.Destinations.Values.Select(d => ReplicaPolicies.Of(d, d.Model.Config.Address))];
            if (sketch.State.ConfiguredAs(options))
            {
                Array.ForEach(replicas, static replica => replica.Breaker.Reset());
            }

            deployments.Add(new Deployment(options, sketch.Provider, sketch.State)
            {
                IsImplied = draft.ImpliedLlms.Contains(options.Name),
                Unavailable = unavailable,
                Cluster = cluster,
                Resilience = resilience,
                Replicas = replicas,
            });
        }

        states.KeepOnly(deployments.Select(d => (d.ProviderName, d.Name)).ToHashSet());
        return new GatewaySnapshot
        {
            Options = draft.Options,
            AuthMode = draft.AuthMode,
            Keys = new KeyRing(draft.Options),
            Llms = deployments.ToFrozenDictionary(d => d.Name, StringComparer.OrdinalIgnoreCase),
            Models = new ModelDirectory(draft.Options, deployments, manualDefault),
            Guards = new GuardRules(draft.Options),
            Workspaces = draft.Options.Workspaces.ToFrozenDictionary(w => w.Name, StringComparer.OrdinalIgnoreCase),
        };
    }

    private Deployment Sketch(LlmOptions options, SnapshotDraft draft, out string? unavailable)
    {
        IProvider provider = ProviderCatalog.All[options.Provider];
        unavailable = WhyUnavailable(options, provider);
        return new Deployment(options, provider, states.For(provider.Card.Name, options.Name)) { IsImplied = draft.ImpliedLlms.Contains(options.Name) };
    }

    private static string? WhyUnavailable(LlmOptions options, IProvider provider)
    {
        if (options.Auth.Missing.Count > 0)
        {
            return string.Join("; ", options.Auth.Missing);
        }

        string problems = string.Join("; ", provider.Check(options));
        return problems.Length > 0 ? problems : provider.MissingCredential(options);
    }
}
