using LlmProxy.Pass;

namespace LlmProxy.Endpoints;

/// <summary>/pass/{llm}/…, for every method.</summary>
internal static class PassRoutes
{
    public static void MapPassRoutes(this IEndpointRouteBuilder routes)
    {
        PassPipeline pipeline = routes.ServiceProvider.GetRequiredService<PassPipeline>();
        routes.Map("/pass/{llm}/{**rest}", (RequestDelegate)pipeline.RunAsync);
    }
}
