using System.Buffers;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Hosting;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>Whether the process lives, whether it can serve, and how its LLMs are.</summary>
internal sealed class HealthRoutes(SnapshotHolder snapshots, KeyGate keys, Shutdown shutdown)
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

        return snapshots.IsReady ? SayAsync(http, 200, "ready") : SayAsync(http, 503, "starting");
    }

    private async Task ProvidersAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out _) is { } stranger)
        {
            await ErrorAnswer.SendAsync(http, stranger, Guid.CreateVersion7().ToString());
            return;
        }

        var body = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder }))
        {
            json.WriteStartObject();
            json.WriteStartArray("providers");
            foreach (Deployment llm in snapshot.Models.ByPriority)
            {
                Write(json, llm);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        http.Response.ContentType = "application/json";
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static void Write(Utf8JsonWriter json, Deployment llm)
    {
        json.WriteStartObject();
        json.WriteString("name", llm.Name);
        json.WriteString("provider", llm.ProviderName);
        json.WriteString("model", llm.Options.Model);
        json.WriteBoolean("local", llm.IsLocal);
        json.WriteBoolean("is_default", llm.Options.IsDefault);
        json.WriteNumber("priority", llm.Options.Priority);
        (string state, string? reason) = StateOf(llm);
        json.WriteString("state", state);
        json.WriteString("reason", reason);
        if (llm.State.LastProbe is { } probe)
        {
            json.WriteString("checked_at", probe.At);
        }

        json.WriteNumber("latency_ms", Math.Round(llm.State.Latency.FirstOutputMs, 1));
        json.WriteNumber("running", llm.State.Tags.Running);
        if (llm.State.LastFailure is { } failure)
        {
            json.WriteStartObject("last_error");
            json.WriteString("code", failure.Code);
            json.WriteString("vendor_code", failure.Detail);
            json.WriteString("at", failure.At);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("last_error");
        }

        json.WriteStartArray("replicas");
        foreach (Forwarding.Replica replica in llm.Replicas)
        {
            json.WriteStartObject();
            json.WriteString("address", replica.BaseAddress);
            json.WriteString("active", replica.State.Health.Active.ToString().ToLowerInvariant());
            json.WriteString("passive", replica.State.Health.Passive.ToString().ToLowerInvariant());
            json.WriteNumber("running", replica.Running);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What calls showed beats what the look at the start showed, when it is newer.</summary>
    private static (string State, string? Reason) StateOf(Deployment llm)
    {
        if (llm.Unavailable is { } why)
        {
            return ("unavailable", why);
        }

        if (!llm.HasAvailableReplica)
        {
            return ("unhealthy", "no replica answers its health check");
        }

        LlmState state = llm.State;
        DateTimeOffset? seen = state.LastSuccess;
        if (state.LastFailure is { } failure && (seen is null || failure.At > seen))
        {
            return ("degraded", "the last call failed: " + failure.Code);
        }

        if (seen is not null)
        {
            return ("healthy", null);
        }

        return state.LastProbe switch
        {
            null => ("unknown", "not looked at yet"),
            { IsAlive: false } dead => ("unhealthy", dead.Detail),
            { } alive => ("healthy", alive.Detail),
        };
    }

    private static Task SayAsync(HttpContext http, int status, string word)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.WriteAsync($$"""{"status":"{{word}}"}""", http.RequestAborted);
    }
}
