using System.Buffers;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>Whether the process lives, whether it can serve, and how its LLMs are.</summary>
internal sealed class HealthRoutes(SnapshotHolder snapshots, KeyGate keys, SpendKeeper spend, Shutdown shutdown)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        HealthRoutes health = routes.ServiceProvider.GetRequiredService<HealthRoutes>();
        routes.MapMethods("/health/live", ["GET", "HEAD"], (RequestDelegate)(http => SayAsync(http, 200, "alive")));
        routes.MapMethods("/health/ready", ["GET", "HEAD"], (RequestDelegate)health.ReadyAsync);
        routes.MapGet("/health/providers", (RequestDelegate)health.ProvidersAsync);
    }

    private Task ReadyAsync(HttpContext http)
    {
        if (shutdown.IsDraining)
        {
            return SayAsync(http, 503, "stopping");
        }

        return !snapshots.IsReady || !spend.IsReady ? SayAsync(http, 503, "starting")
            : snapshots.Stored.IsKnown ? SayAsync(http, 200, "ready")
            : SayAsync(http, 503, "waiting for the database");
    }

    private async Task ProvidersAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await ErrorAnswer.SendAsync(http, stranger, Guid.CreateVersion7().ToString());
            return;
        }

        var body = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder }))
        {
            json.WriteStartObject();
            json.WriteStartArray("providers");
            foreach (Deployment llm in snapshot.Models.ByPriority.Where(l => caller == Caller.Operator || l.IsVisibleTo(caller.Workspace)))
            {
                ProviderHealth.Write(json, llm);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        http.Response.ContentType = "application/json";
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static Task SayAsync(HttpContext http, int status, string word)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.WriteAsync($$"""{"status":"{{word}}"}""", http.RequestAborted);
    }
}
