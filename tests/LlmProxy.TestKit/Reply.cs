using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmProxy.TestKit;

/// <summary>A whole answer of the gateway.</summary>
public sealed class Reply(int status, HttpResponseHeaders headers, HttpContentHeaders contentHeaders, byte[] body)
{
    private JsonNode? _json;

    public int Status { get; } = status;

    public byte[] Body { get; } = body;

    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => _json ??= JsonNode.Parse(Body)!;

    public string? MediaType => contentHeaders.ContentType?.MediaType;

    public IReadOnlyList<string> HeaderNames => [.. headers.Concat(contentHeaders).Select(h => h.Key)];

    public string? Header(string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) || contentHeaders.TryGetValues(name, out values) ? string.Join(", ", values) : null;

    /// <summary>The text of the first choice of a plain chat answer.</summary>
    public string? Content => Json["choices"]?[0]?["message"]?["content"]?.ToString();

    public override string ToString() => $"{Status} {Text}";
}

/// <summary>An answer whose headers have come and whose events are read as they arrive.</summary>
public sealed class StreamReply(HttpResponseMessage answer, SseReader events) : IAsyncDisposable
{
    public int Status => (int)answer.StatusCode;

    public string? MediaType => answer.Content.Headers.ContentType?.MediaType;

    public SseReader Events { get; } = events;

    public string? Header(string name) =>
        answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(", ", values) : null;

    public async ValueTask DisposeAsync()
    {
        await Events.DisposeAsync();
        answer.Dispose();
    }
}

/// <summary>Short ways to call the gateway.</summary>
public static class GatewayCalls
{
    public static Task<Reply> PostAsync(this HttpClient client, string path, string json, params (string Name, string Value)[] headers) =>
        client.CallAsync(Request(HttpMethod.Post, path, Encoding.UTF8.GetBytes(json), "application/json", headers));

    public static Task<Reply> PostAsync(this HttpClient client, string path, byte[] body, string contentType, params (string Name, string Value)[] headers) =>
        client.CallAsync(Request(HttpMethod.Post, path, body, contentType, headers));

    public static Task<Reply> FetchAsync(this HttpClient client, string path, params (string Name, string Value)[] headers) =>
        client.CallAsync(Request(HttpMethod.Get, path, null, null, headers));

    /// <summary>A plain chat call with one message.</summary>
    public static Task<Reply> ChatAsync(this HttpClient client, string model, params (string Name, string Value)[] headers) =>
        client.PostAsync("/v1/chat/completions", ChatBody(model), headers);

    /// <summary>A streamed chat call with one message.</summary>
    public static Task<StreamReply> StreamChatAsync(this HttpClient client, string model, params (string Name, string Value)[] headers) =>
        client.StreamAsync("/v1/chat/completions", ChatBody(model, "\"stream\":true"), headers);

    public static async Task<StreamReply> StreamAsync(this HttpClient client, string path, string json, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = Request(HttpMethod.Post, path, Encoding.UTF8.GetBytes(json), "application/json", headers);
        HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new StreamReply(answer, new SseReader(await answer.Content.ReadAsStreamAsync()));
    }

    public static async Task<Reply> CallAsync(this HttpClient client, HttpRequestMessage request)
    {
        using HttpResponseMessage answer = await client.SendAsync(request);
        byte[] body = await answer.Content.ReadAsByteArrayAsync();
        request.Dispose();
        return new Reply((int)answer.StatusCode, answer.Headers, answer.Content.Headers, body);
    }

    public static string ChatBody(string model, string more = "", string text = "Hello") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{text}}"}]{{(more.Length > 0 ? "," + more : "")}}}""";

    private static HttpRequestMessage Request(HttpMethod method, string path, byte[]? body, string? contentType, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        foreach ((string name, string value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }
}
