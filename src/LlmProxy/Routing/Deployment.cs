using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Providers;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Routing;

/// <summary>One configured LLM as the gateway runs it: its settings, its vendor, its YARP cluster with the replicas.</summary>
internal sealed class Deployment
{
    public required string Name { get; init; }

    public required LlmOptions Options { get; init; }

    public required IProvider Provider { get; init; }

    public required bool IsLocal { get; init; }

    /// <summary>Why it cannot be called at all ("OPENAI_API_KEY is not set"); null when it can.</summary>
    public string? Unavailable { get; init; }

    /// <summary>Null only while it is unavailable.</summary>
    public ClusterState? Cluster { get; init; }

    public IReadOnlyList<Replica> Replicas { get; init; } = [];

    public bool IsWildcard => Options.Model == "*";

    public string ProviderName => Provider.Card.Name;
}
