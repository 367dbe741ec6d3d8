using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Who may read the numbers.</summary>
public sealed class MetricsAccessTests
{
    private const string AdminKey = "admin-key-0123456789";

    [Fact]
    public async Task Metrics_WhereOthersCanReach_AreTheOperators()
    {
        GatewaySettings settings = new GatewaySettings { Urls = "http://0.0.0.0:0" }
            .With("LLMPROXY_API_KEY", "sk-the-one-key-0123456789").With("LLMPROXY_ADMIN_KEY", "admin-key-0123456789").With("LLM_BACKEND", "dummy");
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings);

        Assert.InRange((await gateway.Client.FetchAsync("/metrics")).Status, 401, 403);
        Assert.InRange((await gateway.Client.FetchAsync("/metrics", ("Authorization", "Bearer sk-the-one-key-0123456789"))).Status, 401, 403);
        Expect.Ok(await gateway.Client.FetchAsync("/metrics", ("Authorization", "Bearer admin-key-0123456789")));
        Assert.DoesNotContain("admin-key-0123456789", gateway.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_OnTheirOwnPort_AreThereAndNothingElseIs()
    {
        int port = LoopbackPort.PickFree();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings().With("LlmProxy__Metrics__Port", $"{port}"));
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        Expect.Ok(await client.FetchAsync("/metrics"));
        Assert.Equal(404, (await client.FetchAsync("/v1/models")).Status);
        Assert.Equal(404, (await client.ChatAsync("dummy")).Status);
    }

    [Fact]
    public async Task Metrics_OnTheirOwnPort_AreThereAlsoBesideKestrelsOwnEndpoints()
    {
        int port = LoopbackPort.PickFree();
        int clients = LoopbackPort.PickFree();
        GatewaySettings settings = new GatewaySettings { Urls = $"http://127.0.0.1:{clients}" }
            .With("Kestrel__Endpoints__Main__Url", $"http://127.0.0.1:{clients}").With("LlmProxy__Metrics__Port", $"{port}");
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        Expect.Ok(await client.FetchAsync("/metrics"));
        Assert.Equal(404, (await client.FetchAsync("/v1/models")).Status);
    }

    [Theory]
    [InlineData("Host", "evil.example.com")]
    [InlineData("Origin", "https://evil.example.com")]
    [InlineData("X-Forwarded-For", "10.0.0.1")]
    public async Task Metrics_AskedForFromElsewhere_AreNotOpen(string header, string value)
    {
        await using GatewayProcess open = await GatewayProcess.StartAsync(new GatewaySettings());
        await using GatewayProcess keyed = await GatewayProcess.StartAsync(
            new GatewaySettings().With("LLMPROXY_API_KEY", "sk-the-one-key-0123456789").With("LLMPROXY_ADMIN_KEY", AdminKey).With("LLM_BACKEND", "dummy"));

        Assert.Equal(403, (await open.Client.FetchAsync("/metrics", (header, value))).Status);
        Assert.Equal(401, (await keyed.Client.FetchAsync("/metrics", (header, value))).Status);
        Expect.Ok(await open.Client.FetchAsync("/metrics"));
        Expect.Ok(await keyed.Client.FetchAsync("/metrics"));
        Expect.Ok(await keyed.Client.FetchAsync("/metrics", (header, value), ("Authorization", "Bearer " + AdminKey)));
    }
}
