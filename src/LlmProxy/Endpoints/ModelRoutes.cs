using System.Buffers;
using System.Globalization;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Endpoints;

/// <summary>GET /v1/models: what this key may call.</summary>
internal sealed class ModelRoutes(SnapshotHolder snapshots, KeyGate keys)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        ModelRoutes models = routes.ServiceProvider.GetRequiredService<ModelRoutes>();
        foreach (string path in (string[])["/v1/models", "/models", "/openai/v1/models", "/openai/models"])
        {
            routes.MapGet(path, (RequestDelegate)models.ListAsync);
            routes.MapGet(path + "/{**id}", (RequestDelegate)models.OneAsync);
        }
    }

    private async Task ListAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await ErrorAnswer.SendAsync(http, stranger, Guid.CreateVersion7().ToString());
            return;
        }

        if (ModelQuery.Read(http.Request.Query, out ModelQuery query) is { } wrong)
        {
            await ErrorAnswer.SendAsync(http, wrong, Guid.CreateVersion7().ToString());
            return;
        }

        await SendAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (ModelEntry entry in query.Apply(ModelEntry.VisibleTo(snapshot, caller)))
            {
                entry.Write(json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task OneAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await ErrorAnswer.SendAsync(http, stranger, Guid.CreateVersion7().ToString());
            return;
        }

        string id = Convert.ToString(http.Request.RouteValues["id"], CultureInfo.InvariantCulture) ?? "";
        ModelEntry? found = ModelEntry.VisibleTo(snapshot, caller).FirstOrDefault(e => e.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
            ?? ModelEntry.For(snapshot, caller, id);
        if (found is null)
        {
            await ErrorAnswer.SendAsync(http, NearNames.NotFound(snapshot, caller, id), Guid.CreateVersion7().ToString());
            return;
        }

        await SendAsync(http, found.Write);
    }

    private static async Task SendAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder }))
        {
            write(json);
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        http.Response.Headers["x-request-id"] = Guid.CreateVersion7().ToString();
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
