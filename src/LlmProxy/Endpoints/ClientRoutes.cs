using System.Collections.Frozen;
using LlmProxy.Pipeline;

namespace LlmProxy.Endpoints;

/// <summary>The addresses of everything that a model is asked for.</summary>
internal static class ClientRoutes
{
    public static void MapClientRoutes(this IEndpointRouteBuilder routes)
    {
        GatewayPipeline pipeline = routes.ServiceProvider.GetRequiredService<GatewayPipeline>();
        foreach (EndpointKind endpoint in EndpointKind.All)
        {
            RequestDelegate run = http => pipeline.RunAsync(http, endpoint);
            foreach (string route in endpoint.Routes)
            {
                routes.MapPost(route, run);
            }
        }
    }

    /// <summary>The same by their exact path: nearly every call comes so, and a look into a table costs less than the router.</summary>
    public static FrozenDictionary<string, RequestDelegate> Straight(GatewayPipeline pipeline) => EndpointKind.All
        .SelectMany(endpoint => endpoint.Routes.Where(route => !route.Contains('{', StringComparison.Ordinal)).Select(route => (Route: route, Endpoint: endpoint)))
        .ToFrozenDictionary(one => one.Route, one => (RequestDelegate)(http => pipeline.RunAsync(http, one.Endpoint)), StringComparer.Ordinal);

    /// <summary>Nothing is answered by a bare 404 or 405: clients expect their dialect's shape.</summary>
    public static Task RefuseUnknown(HttpContext http)
    {
        string path = http.Request.Path.Value ?? "/";
        string shown = path.Length <= 200 ? path : path[..200] + "...";
        var error = new GatewayError(ErrorCode.UnknownRoute, $"This gateway has no {http.Request.Method} {shown}. /swagger lists what it has.");
        return ErrorAnswer.SendAsync(http, error, Guid.CreateVersion7().ToString());
    }
}
