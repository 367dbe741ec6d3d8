using LlmProxy.Configuration.Options;
using LlmProxy.Providers;
using LlmProxy.Routing;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Tests.Forwarding;

/// <summary>LLMs as a plan lists them, with one replica that is believed to be up or down.</summary>
internal static class Planned
{
    public static RouteTarget Llm(string name, bool isUp = true, int afterMs = 0, bool isLocal = false)
    {
        var options = new LlmOptions { Name = name, Provider = "vllm", Model = name, HedgeAfterMs = afterMs, Local = isLocal };
        var destination = new DestinationState(name, new DestinationModel(new DestinationConfig { Address = "http://" + name }));
        var cluster = new ClusterState(name) { DestinationsState = new ClusterDestinationsState([destination], isUp ? [destination] : []) };
        var llm = new Deployment(options, ProviderCatalog.All["vllm"], new LlmState("vllm", name, TimeProvider.System)) { Cluster = cluster };
        return new RouteTarget(llm, name);
    }
}
