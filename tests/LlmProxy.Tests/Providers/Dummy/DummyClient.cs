using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Providers.Dummy;

namespace LlmProxy.Tests.Providers.Dummy;

/// <summary>Calls the dummy as the gateway does.</summary>
internal sealed class DummyClient(string config = "{}", TimeProvider? time = null, string model = "*")
{
    private readonly Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> _send = new HttpMessageInvoker(new DummyHandler(
        new LlmOptions { Name = "dummy", Provider = "dummy", Model = model, Config = JsonNode.Parse(config)!.AsObject() },
        time ?? TimeProvider.System)).SendAsync;

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null, CancellationToken cancellation = default) =>
        _send(new HttpRequestMessage(method, "http://dummy.invalid/v1/" + path) { Content = content }, cancellation);

    public Task<HttpResponseMessage> SendAsync(string path, string json, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"), cancellation);

    public async Task<JsonNode> PostAsync(string path, string json)
    {
        using HttpResponseMessage response = await SendAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return JsonNode.Parse(body)!;
    }

    public async Task<JsonNode> RefusedAsync(string path, string json, int status = 400)
    {
        using HttpResponseMessage response = await SendAsync(path, json);
        Assert.Equal(status, (int)response.StatusCode);
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.All(["message", "type", "param", "code"], name => Assert.True(error.AsObject().ContainsKey(name)));
        return error;
    }

    /// <summary>The events' data, the closing mark included.</summary>
    public async Task<List<string>> StreamAsync(string path, string json)
    {
        using HttpResponseMessage response = await SendAsync(path, json);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return Data(await response.Content.ReadAsStringAsync());
    }

    public static List<string> Data(string text)
    {
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e[(e.IndexOf("data: ", StringComparison.Ordinal) + 6)..])];
    }

    public static List<JsonNode> Chunks(IEnumerable<string> data) => [.. data.Where(d => d != "[DONE]").Select(d => JsonNode.Parse(d)!)];
}
