using System.Buffers;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Endpoints;

/// <summary>What clients of Ollama ask beside chatting: which models there are, what they can do, which version answers.</summary>
internal sealed class OllamaRoutes(SnapshotHolder snapshots, KeyGate keys, BufferBudget budget, TimeProvider time)
{
    /// <summary>The Ollama whose API is spoken here: clients ask before they use its newer parts.</summary>
    private const string Version = "0.32.0";

    private const int MostBytes = 64 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        OllamaRoutes ollama = routes.ServiceProvider.GetRequiredService<OllamaRoutes>();
        routes.MapGet("/api/tags", (RequestDelegate)ollama.ListAsync);
        routes.MapGet("/api/ps", (RequestDelegate)ollama.RunningAsync);
        routes.MapGet("/api/version", (RequestDelegate)ollama.VersionAsync);
        routes.MapPost("/api/show", (RequestDelegate)ollama.ShowAsync);

        // Ollama's own command line asks this before anything else.
        routes.MapMethods("/", [HttpMethods.Head], static _ => Task.CompletedTask);
    }

    private Task ListAsync(HttpContext http) => AnswerAsync(http, (json, snapshot, caller) =>
    {
        json.WriteStartObject();
        json.WriteStartArray("models"u8);
        foreach (ModelEntry entry in ModelEntry.VisibleTo(snapshot, caller))
        {
            OllamaModel.WriteListed(json, entry);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>What the vendors keep loaded is not known here.</summary>
    private Task RunningAsync(HttpContext http) => AnswerAsync(http, static (json, _, _) =>
    {
        json.WriteStartObject();
        json.WriteStartArray("models"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private Task VersionAsync(HttpContext http) => AnswerAsync(http, static (json, _, _) =>
    {
        json.WriteStartObject();
        json.WriteString("version"u8, Version);
        json.WriteEndObject();
    });

    private async Task ShowAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await RefuseAsync(http, stranger);
            return;
        }

        (string? name, GatewayError? wrong) = await ReadNameAsync(http, snapshot);
        if (wrong is not null)
        {
            await RefuseAsync(http, wrong);
            return;
        }

        name = OllamaModel.NameIn(snapshot, name!);
        if (ModelEntry.For(snapshot, caller, name) is not { } entry)
        {
            await RefuseAsync(http, NearNames.NotFound(snapshot, caller, name));
            return;
        }

        await SendAsync(http, json => OllamaModel.WriteShown(json, entry));
    }

    /// <summary>"model", or "name" as older clients say.</summary>
    private async Task<(string? Name, GatewayError? Wrong)> ReadNameAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        using var body = new RequestBody(budget);
        TimeSpan patience = TimeSpan.FromSeconds(snapshot.Options.Limits.BodySeconds);
        try
        {
            return await body.ReadAsync(http.Request, MostBytes, patience, time, http.RequestAborted) is { } refusal ? (null, refusal) : Parse(body.Bytes);
        }
        catch (BadHttpRequestException e)
        {
            return (null, RequestReader.Malformed(e));
        }
    }

    private static (string? Name, GatewayError? Wrong) Parse(ReadOnlyMemory<byte> body)
    {
        string? name = null;
        try
        {
            new JsonMembers().Read(body.Span);
            var members = new JsonWalk(body);
            while (members.Next())
            {
                if (members.IsString && (members.Is("model"u8) || (name is null && members.Is("name"u8))))
                {
                    name = members.Text();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, new GatewayError(ErrorCode.InvalidJson, "The request body is not a valid JSON object."));
        }

        return string.IsNullOrWhiteSpace(name) ? (null, GatewayError.Missing("model", "The field \"model\" is missing.")) : (name.Trim(), null);
    }

    private async Task AnswerAsync(HttpContext http, Action<Utf8JsonWriter, GatewaySnapshot, Caller> write)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await RefuseAsync(http, stranger);
            return;
        }

        await SendAsync(http, json => write(json, snapshot, caller));
    }

    private static Task RefuseAsync(HttpContext http, GatewayError error) =>
        ErrorAnswer.SendAsync(http, error, Guid.CreateVersion7().ToString());

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
