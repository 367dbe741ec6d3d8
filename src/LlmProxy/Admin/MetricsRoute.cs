using System.Net;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Telemetry;

namespace LlmProxy.Admin;

/// <summary>GET /metrics: open where only this machine can ask, or on its own port; elsewhere for the operator's key.</summary>
internal sealed class MetricsRoute(SnapshotHolder snapshots, MetricsEndpoint metrics, BoundAddresses addresses)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        MetricsRoute route = routes.ServiceProvider.GetRequiredService<MetricsRoute>();
        routes.ServiceProvider.GetRequiredService<LlmGauges>(); // Nobody calls them: they only have to be there.
        routes.ServiceProvider.GetRequiredService<BudgetGauge>();
        routes.MapGet("/metrics", (RequestDelegate)route.HandleAsync);
    }

    private Task HandleAsync(HttpContext http)
    {
        int port = http.Connection.LocalPort;
        bool isOpen = addresses.IsMetricsPort(port) || addresses.AreLoopback || KeyGate.IsOperator(http.Request, snapshots.Current);
        return isOpen
            ? metrics.HandleAsync(http)
            : ErrorAnswer.SendAsync(
                http,
                new GatewayError(ErrorCode.InvalidApiKey, "/metrics wants the admin key here (Authorization: Bearer ...), or a port of its own (LlmProxy:Metrics:Port)."),
                Guid.CreateVersion7().ToString());
    }
}
