using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Vendors of every dialect that never stop talking, and keys whose budgets end long before.</summary>
public class BudgetCutFixture : GatewayFixture
{
    /// <summary>More than any key can pay for.</summary>
    public const int Words = 3000;

    private const int Keys = 40;
    private int _taken;

    /// <summary>A key that nobody has used yet.</summary>
    public string NextKey() => KeyOf(Interlocked.Increment(ref _taken));

    /// <summary>What a client gets of a stream that its key cannot pay to the end: the data of each event, or each line.</summary>
    public async Task<CutReply> CutAsync(string path, string model, string more, params (string Name, string Value)[] headers)
    {
        Reply reply = await Client.PostAsync(
            path,
            $$"""{"model":"{{model}}","stream":true,{{more}}}""",
            [("x-api-key", NextKey()), ("anthropic-version", "2023-06-01"), .. headers]);
        Expect.Ok(reply);
        string[] data = reply.MediaType == "text/event-stream" ? [.. SseReader.Data(reply.Text)] : reply.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        JsonNode? row = null;
        await AdminCalls.UntilAsync(
            async () =>
            {
                Reply rows = await Gateway.AdminAsync("requests?limit=500");
                row = rows.Status == 200 ? rows.Json["data"]!.AsArray().FirstOrDefault(r => (string?)r!["id"] == reply.Header("x-request-id")) : null;
                return row is not null;
            },
            () => "The row did not come. " + Gateway.Logs.Text);
        Assert.Equal(("budget_cut", "estimated", 200), ((string?)row!["outcome"], (string?)row["usage_source"], (int)row["status"]!));
        Assert.InRange((int)row["output_tokens"]!, 100, 800);
        return new CutReply(data, row);
    }

    protected override GatewaySettings Settings() => new()
    {
        Config = Config(new
        {
            Auth = new { Mode = "keys", AdminKey = AdminCalls.Key },
            Keys = Enumerable.Range(1, Keys).Select(i => new { Name = "tight-" + i, Key = KeyOf(i), BudgetTokens = 700, BudgetPeriod = "total" }),
            Limits = new { ExpectedOutputTokens = 100 },
            Llms = new object[]
            {
                new { Name = "openais", Provider = "openai", Model = "*", Upstream.BaseUrl, Auth = new { api_key = "k" } },
                new { Name = "anthropics", Provider = "anthropic", Model = "*", BaseUrl = Other.Address, Auth = new { api_key = "k" } },
                new { Name = "ollamas", Provider = "ollama", Model = "*", BaseUrl = Other.Address },
                new { Name = "breaks", Provider = "openai", Model = "breaks", Upstream.BaseUrl, Auth = new { api_key = "k" } },
                new { Name = "goes-on", Provider = "vllm", Model = "goes-on", Upstream.BaseUrl },
            },
            Chains = new { broken = new[] { "breaks", "goes-on" } },
            Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
        }),
    };

    private static string KeyOf(int number) => $"sk-tight-{number:00}-0123456789abcdef";
}

/// <summary>A stream that a budget has ended, and its row.</summary>
public sealed record CutReply(string[] Data, JsonNode Row)
{
    public JsonNode[] Json => [.. Data.Where(data => data != "[DONE]").Select(data => JsonNode.Parse(data)!)];

    /// <summary>Why it ended, which stands in exactly one event, or in several that end an answer each.</summary>
    public IEnumerable<string?> Reasons => Json.Where(e => e["llm"] is not null).Select(e => (string?)e["llm"]!["reason"]);
}
