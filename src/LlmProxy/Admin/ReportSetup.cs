using LlmProxy.Accounting.Reports;

namespace LlmProxy.Admin;

/// <summary>The routes that look into the ledger.</summary>
internal static class ReportSetup
{
    public static void AddReports(this IServiceCollection services)
    {
        services.AddSingleton<ReportDesk>();
        services.AddSingleton<ReportCounter>();
        services.AddSingleton<UsageRoutes>();
        services.AddSingleton<CallRoutes>();
    }

    public static void MapReports(this IEndpointRouteBuilder routes, AdminDoor door)
    {
        UsageRoutes usage = routes.ServiceProvider.GetRequiredService<UsageRoutes>();
        CallRoutes calls = routes.ServiceProvider.GetRequiredService<CallRoutes>();
        routes.MapGet("/admin/api/usage", door.Behind(usage.UsageAsync));
        routes.MapGet("/admin/api/usage/models", door.Behind(usage.ModelsAsync));
        routes.MapGet("/admin/api/workspaces/{name}/costs", door.Behind(usage.WorkspaceAsync));
        routes.MapGet("/admin/api/costs/daily", door.Behind(usage.DailyAsync));
        routes.MapGet("/admin/api/requests", door.Behind(calls.ListAsync));
    }
}
