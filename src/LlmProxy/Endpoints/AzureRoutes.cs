using System.Globalization;
using LlmProxy.Pipeline;

namespace LlmProxy.Endpoints;

/// <summary>The same endpoints at the addresses that AzureOpenAI clients build; the deployment in the path is the model.</summary>
internal static class AzureRoutes
{
    public static void MapAzureRoutes(this IEndpointRouteBuilder routes)
    {
        GatewayPipeline pipeline = routes.ServiceProvider.GetRequiredService<GatewayPipeline>();
        foreach (EndpointKind endpoint in EndpointKind.OfOpenAi)
        {
            routes.MapPost("/openai/v1/" + endpoint.Path, http => pipeline.RunAsync(http, endpoint));
            routes.MapPost("/openai/" + endpoint.Path, http => pipeline.RunAsync(http, endpoint));
            routes.MapPost("/openai/deployments/{deployment}/" + endpoint.Path, http => pipeline.RunAsync(http, endpoint, Deployment(http)));
        }
    }

    private static string Deployment(HttpContext http) =>
        Uri.UnescapeDataString(Convert.ToString(http.Request.RouteValues["deployment"], CultureInfo.InvariantCulture) ?? "");
}
