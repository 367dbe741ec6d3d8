namespace LlmProxy.Admin;

/// <summary>The routes of /admin/api, all of them behind the operators' door.</summary>
internal static class AdminSetup
{
    public static IServiceCollection AddAdmin(this IServiceCollection services)
    {
        services.AddSingleton<AdminDoor>();
        services.AddReports();
        services.AddSingleton<DefaultRoutes>();
        services.AddSingleton<LlmTrial>();
        services.AddSingleton<AdminLlms>();
        services.AddSingleton<ExplainRoute>();
        services.AddSingleton<AuditRoutes>();
        services.AddSingleton<AccessRoutes>();
        services.AddSingleton<KeyRoutes>();
        services.AddSingleton<WorkspaceRoutes>();
        return services;
    }

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        AdminDoor door = services.GetRequiredService<AdminDoor>();
        DefaultRoutes defaults = services.GetRequiredService<DefaultRoutes>();
        AdminLlms llms = services.GetRequiredService<AdminLlms>();
        routes.MapReports(door);
        routes.MapGet("/admin/api/default", door.Behind(defaults.ShowAsync));
        routes.MapPost("/admin/api/default", door.Behind(defaults.SwitchAsync));
        routes.MapGet("/admin/api/llms", door.Behind(AdminLlms.ListAsync));
        routes.MapGet("/admin/api/llms/{**id}", door.Behind(AdminLlms.OneAsync));
        routes.MapPost("/admin/api/llms/{**id}", door.Behind(llms.ActAsync));
        routes.MapGet("/admin/api/providers/health", door.Behind(ProviderRoutes.HealthAsync));
        routes.MapPost("/admin/api/explain", door.Behind(services.GetRequiredService<ExplainRoute>().ExplainAsync));
        routes.MapGet("/admin/api/audit", door.Behind(services.GetRequiredService<AuditRoutes>().ListAsync));
        KeyRoutes.Map(routes, door);
        WorkspaceRoutes.Map(routes, door);

        // Whatever is not there: strangers learn no more of it than of what is.
        RequestDelegate nothing = door.Behind((http, _) => Task.FromResult<Pipeline.GatewayError?>(AdminLlms.NotHere(http)));
        routes.MapFallback("/admin/{**path}", nothing);
    }
}
