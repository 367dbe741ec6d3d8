namespace LlmProxy.Endpoints.Swagger;

/// <summary>Puts the OpenAPI page at /swagger.</summary>
internal static class SwaggerSetup
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static IServiceCollection AddGatewaySwagger(this IServiceCollection services) => services.AddSingleton<SwaggerPages>();

    public static void MapGatewaySwagger(this IEndpointRouteBuilder routes)
    {
        SwaggerPages pages = routes.ServiceProvider.GetRequiredService<SwaggerPages>();
        routes.MapMethods(SwaggerPages.DocumentPath, Methods, (RequestDelegate)pages.SendDocumentAsync);
        routes.MapMethods("/swagger/{**file}", Methods, (RequestDelegate)pages.SendPageAsync);
    }
}
