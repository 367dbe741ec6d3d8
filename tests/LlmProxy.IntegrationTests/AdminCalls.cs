using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Short ways to ask as an operator.</summary>
internal static class AdminCalls
{
    public const string Key = "sk-admin-0123456789";

    private static readonly (string, string) Header = ("Authorization", "Bearer " + Key);

    public static Task<Reply> AdminAsync(this GatewayProcess gateway, string path) => gateway.Client.FetchAsync("/admin/api/" + path, Header);

    public static Task<Reply> AdminAsync(this GatewayProcess gateway, string path, string json) => gateway.Client.PostAsync("/admin/api/" + path, json, Header);

    public static Task<Reply> AdminAsync(this GatewayProcess gateway, HttpMethod method, string path, string? json = null)
    {
        var request = new HttpRequestMessage(method, "/admin/api/" + path);
        request.Headers.TryAddWithoutValidation(Header.Item1, Header.Item2);
        if (json is not null)
        {
            request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        }

        return gateway.Client.CallAsync(request);
    }

    /// <summary>Makes a key or a workspace, as soon as the database behind the start is there.</summary>
    public static async Task<JsonNode> MakeAsync(this GatewayProcess gateway, string path, string json)
    {
        Reply reply = null!;
        await UntilAsync(async () => (reply = await gateway.AdminAsync(path, json)).Status != 503, () => gateway.Logs.Text);
        Expect.Ok(reply);
        return reply.Json;
    }

    /// <summary>Switches the default, as soon as the database behind the start is there.</summary>
    public static async Task<JsonNode> SwitchAsync(this GatewayProcess gateway, string json)
    {
        Reply reply = null!;
        await UntilAsync(async () => (reply = await gateway.AdminAsync("default", json)).Status != 503, () => gateway.Logs.Text);
        Expect.Ok(reply);
        return reply.Json;
    }

    public static async Task<string> DefaultOfAsync(this GatewayProcess gateway)
    {
        Reply reply = await gateway.AdminAsync("default");
        Expect.Ok(reply);
        return $"{reply.Json["llm"]} by {reply.Json["source"]}";
    }

    /// <summary>Looks until it is so; the limit is only reached by a failure.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, Func<string> otherwise)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            if (limit.IsCancellationRequested)
            {
                Assert.Fail(otherwise());
            }

            await Task.Delay(25);
        }
    }
}
