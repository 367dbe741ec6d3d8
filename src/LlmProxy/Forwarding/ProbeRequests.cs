using LlmProxy.Configuration;
using LlmProxy.Routing;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>Health checks that cost no tokens: the provider's own quiet address, with its credential.</summary>
internal sealed class ProbeRequests(SnapshotHolder snapshots) : IProbingRequestFactory
{
    public HttpRequestMessage CreateRequest(ClusterModel cluster, DestinationModel destination)
    {
        string address = destination.Config.Address;
        if (!snapshots.IsReady || !snapshots.Current.Llms.TryGetValue(cluster.Config.ClusterId, out Deployment? llm))
        {
            return new HttpRequestMessage(HttpMethod.Get, address);
        }

        // YARP asks synchronously and on a background thread; only Entra tokens, once an hour, make it wait at all.
        return CreateAsync(llm, llm.Provider.ProbeAddress(address), CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    public static async ValueTask<HttpRequestMessage> CreateAsync(Deployment llm, Uri address, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        foreach ((string name, string value) in llm.Options.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        await llm.Provider.AuthorizeAsync(request, llm, cancellation);
        return request;
    }
}
