using System.Buffers;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Dialects.Anthropic;
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

        routes.MapMethods("/api/hello", ["GET", "HEAD"], (RequestDelegate)HelloAsync);
    }

    private async Task ListAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await ErrorAnswer.SendAsync(http, stranger, Guid.CreateVersion7().ToString());
            return;
        }

        (string?, string?, int) page = default;
        bool isAnthropic = AnthropicClients.Speaks(http.Request);
        GatewayError? wrong = ModelQuery.Read(http.Request.Query, snapshot, out ModelQuery query) ?? (isAnthropic ? AnthropicModels.ReadPage(http.Request.Query, out page) : null);
        if (wrong is not null)
        {
            await ErrorAnswer.SendAsync(http, wrong, Guid.CreateVersion7().ToString());
            return;
        }

        if (isAnthropic)
        {
            query = query with { Limit = null }; // Theirs counts from a page's start.
            await SendAsync(http, json => AnthropicModels.WritePage(json, query.Apply(ModelEntry.VisibleTo(snapshot, caller)), page));
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

        string id = RouteText.Of(http, "id");
        ModelEntry? found = ModelEntry.VisibleTo(snapshot, caller).FirstOrDefault(e => e.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
            ?? ModelEntry.For(snapshot, caller, id);
        if (found is null)
        {
            await ErrorAnswer.SendAsync(http, NearNames.NotFound(snapshot, caller, id), Guid.CreateVersion7().ToString());
            return;
        }

        await SendAsync(http, AnthropicClients.Speaks(http.Request) ? json => AnthropicModels.Write(json, found) : found.Write);
    }

    /// <summary>Coding clients look here whether there is a way to the API at all, before they have a key.</summary>
    private static Task HelloAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.WriteAsync("""{"message":"hello"}""", http.RequestAborted);
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
