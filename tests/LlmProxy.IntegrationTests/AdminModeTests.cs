using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The operators' door where no key was set, where it was taken away, and where the gateway is open.</summary>
public sealed class AdminModeTests
{
    [Fact]
    public async Task Door_WithoutAConfiguredKey_IsShutForEverybody()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync();

        foreach (string path in (string[])["default", "llms", "audit", "no-such-thing"])
        {
            string message = Expect.Error(await gateway.AdminAsync(path), 403, "admin_only");
            Assert.Contains("LLMPROXY_ADMIN_KEY", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Door_SwitchedOff_IsNotThere()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(
            new GatewaySettings().With("LLMPROXY_ADMIN_KEY", AdminCalls.Key).With("LlmProxy__Admin__Enabled", "false"));

        Expect.Error(await gateway.AdminAsync("default"), 404, "unsupported_endpoint");
    }

    [Fact]
    public async Task Door_OfAnOpenGateway_IsShutForForeignPages()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings().With("LLMPROXY_ADMIN_KEY", AdminCalls.Key));

        Expect.Ok(await gateway.AdminAsync("default"));
        Expect.Error(await gateway.Client.FetchAsync("/admin/api/default"), 401, "invalid_api_key");
        Expect.Error(await gateway.Client.FetchAsync("/admin/api/default", ("Origin", "https://elsewhere.example"), ("x-api-key", AdminCalls.Key)), 403, "foreign_request");
        Expect.Error(await gateway.Client.FetchAsync("/admin/api/default", ("X-Forwarded-For", "10.0.0.1"), ("x-api-key", AdminCalls.Key)), 403, "foreign_request");
    }
}
