using System.Buffers;
using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>Answers of /admin/api: small, whole, never kept by anybody on the way.</summary>
internal static class AdminJson
{
    public static readonly JsonWriterOptions Writing = new() { Encoder = RouteTarget.JsonOptions.Encoder };

    /// <summary>An object with the members that are written. Null always: it has answered.</summary>
    public static Task<GatewayError?> SendAsync(HttpContext http, Action<Utf8JsonWriter> writeMembers) => SendObjectAsync(http, json =>
    {
        json.WriteStartObject();
        writeMembers(json);
        json.WriteEndObject();
    });

    public static async Task<GatewayError?> SendObjectAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(body, Writing))
        {
            write(json);
        }

        HttpResponse response = http.Response;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        response.Headers.CacheControl = "no-store";
        response.Headers["x-request-id"] = Guid.CreateVersion7().ToString();
        await response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
        return null;
    }

    /// <summary>A sentence with the name that was probably meant; nothing when none is near.</summary>
    public static string Near(string written, IEnumerable<string> candidates) =>
        Configuration.Binding.Nearest.To(written, candidates) is { } near ? $" Did you mean \"{near}\"?" : "";

    /// <summary>JSON text as what it is; anything else as a string.</summary>
    public static void WriteRaw(Utf8JsonWriter json, string name, string? text)
    {
        if (text is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WritePropertyName(name);
        try
        {
            using var document = JsonDocument.Parse(text);
            document.RootElement.WriteTo(json);
        }
        catch (JsonException)
        {
            json.WriteStringValue(text);
        }
    }
}
