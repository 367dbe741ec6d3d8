using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.TestKit;

/// <summary>One request as the vendor saw it, byte for byte, and what became of its connection.</summary>
public sealed class UpstreamCall
{
    private readonly TaskCompletionSource<long> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JsonNode? _json;
    private JsonDocument? _document;

    internal UpstreamCall(HttpContext http, byte[] body)
    {
        Http = http;
        Body = body;
        ArrivedAt = Stopwatch.GetTimestamp();
        Method = http.Request.Method;
        Path = http.Request.Path.Value ?? "";
        Query = http.Request.QueryString.Value ?? "";
        Headers = [.. http.Request.Headers.SelectMany(h => h.Value.Select(v => KeyValuePair.Create(h.Key, v ?? "")))];
        http.RequestAborted.Register(() => _aborted.TrySetResult(Stopwatch.GetTimestamp()));
    }

    public string Method { get; }

    public string Path { get; }

    public string Query { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    public byte[] Body { get; }

    /// <summary>Stopwatch ticks when the whole request had come.</summary>
    public long ArrivedAt { get; }

    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => _json ??= ToNode(Document.RootElement)!;

    /// <summary>The model asked for; empty when the body is not JSON or names none.</summary>
    public string Model => Field("model") is { ValueKind: JsonValueKind.String } model ? model.GetString()! : "";

    public bool WantsStream => Field("stream") is { ValueKind: JsonValueKind.True };

    /// <summary>Stopwatch ticks when the gateway's connection broke or was closed before the answer was complete.</summary>
    public Task<long> Aborted => _aborted.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public bool IsAborted => _aborted.Task.IsCompleted;

    /// <summary>Ends when the script has run to its end, however it ended.</summary>
    public Task Answered => _answered.Task.WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>For scripts that need more than the ready-made answers.</summary>
    public HttpContext Http { get; }

    /// <summary>Unlike the node tree, a document takes bodies in which a field is given twice.</summary>
    private JsonElement? Field(string name)
    {
        if (Body is not [(byte)'{', ..])
        {
            return null;
        }

        return Document.RootElement.TryGetProperty(name, out JsonElement value) ? value : null;
    }

    private JsonDocument Document => _document ??= JsonDocument.Parse(Body);

    private static JsonNode? ToNode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var node = new JsonObject();
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    node[property.Name] = ToNode(property.Value);
                }

                return node;
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select(ToNode)]);
            default:
                return element.ValueKind == JsonValueKind.Null ? null : JsonValue.Create(element);
        }
    }

    public string? Header(string name) =>
        Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault();

    internal void Done() => _answered.TrySetResult();
}
