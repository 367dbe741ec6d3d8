using System.Net;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
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

    private Task HandleAsync(HttpContext http) =>
        Refusal(http) is { } refusal ? ErrorAnswer.SendAsync(http, refusal, Guid.CreateVersion7().ToString()) : metrics.HandleAsync(http);

    /// <summary>A loopback address is no proof where a proxy or a foreign page stands before it.</summary>
    private GatewayError? Refusal(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (addresses.IsMetricsPort(http.Connection.LocalPort) || KeyGate.IsOperator(http.Request, snapshot))
        {
            return null;
        }

        GatewayError? foreign = OpenModeGuard.Check(http.Request);
        return addresses.AreLoopback && foreign is null ? null
            : snapshot.AuthMode == AuthMode.Open && foreign is not null ? foreign
            : new GatewayError(ErrorCode.InvalidApiKey, "/metrics wants the admin key here (Authorization: Bearer ...), or a port of its own (LlmProxy:Metrics:Port).");
    }
}
