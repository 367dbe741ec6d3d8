using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yarp.ReverseProxy.Configuration;

namespace LlmProxy.Benchmarks.Roles;

/// <summary>Plain YARP as its documentation builds it: one route, one cluster, no other middleware.</summary>
internal static class YarpRole
{
    public static async Task RunAsync(int port, int upstreamPort)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenLocalhost(port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        RouteConfig route = new() { RouteId = "v1", ClusterId = "upstream", Match = new() { Path = "/v1/{**rest}" } };
        ClusterConfig cluster = new()
        {
            ClusterId = "upstream",
            Destinations = new Dictionary<string, DestinationConfig>
            {
                ["only"] = new() { Address = $"http://127.0.0.1:{upstreamPort}" },
            },
        };
        builder.Services.AddReverseProxy().LoadFromMemory([route], [cluster]);
        WebApplication app = builder.Build();
        app.MapReverseProxy();
        ParentWatch.Start();
        await app.RunAsync();
    }
}
