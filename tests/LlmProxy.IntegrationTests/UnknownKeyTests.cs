using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Whoever tries keys that nobody knows is slowed down, by address; whoever has a key never notices.</summary>
public sealed class UnknownKeyTests
{
    private const string Known = "sk-known-caller-0123456789";

    /// <summary>So few that none comes back while a test runs.</summary>
    private const int PerMinute = 2;

    [Fact]
    public async Task Tries_TooMany_AreRefusedWhileKnownKeysAreServed()
    {
        await using GatewayProcess gateway = await StartAsync();

        for (int i = 0; i < PerMinute; i++)
        {
            Expect.Error(await TryAsync(gateway, "sk-guess-" + i), 401, "invalid_api_key");
        }

        Reply refused = await TryAsync(gateway, "sk-guess-once-more");
        Expect.Error(refused, 429, "rate_limit_exceeded");
        Assert.InRange(int.Parse(refused.Header("retry-after")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal("false", refused.Header("x-should-retry"));
        Expect.Error(await gateway.Client.FetchAsync("/admin/api/default", ("x-api-key", "sk-guess-the-operator")), 429, "rate_limit_exceeded");
        Expect.Ok(await TryAsync(gateway, Known));
        Expect.Error(await gateway.Client.ChatAsync("dummy"), 401, "invalid_api_key");
        Expect.Ok(await gateway.AdminAsync("default"));

        // Nobody trusts this sender: what it claims to forward changes nothing.
        Expect.Error(await TryAsync(gateway, "sk-guess", "203.0.113.9"), 429, "rate_limit_exceeded");
    }

    [Fact]
    public async Task Tries_ThroughATrustedProxy_CountForWhomItNames()
    {
        await using GatewayProcess gateway = await StartAsync("127.0.0.0/8");

        for (int i = 0; i < PerMinute + 1; i++)
        {
            // What stands left of the client's address the client wrote itself.
            int status = (await TryAsync(gateway, "sk-guess-" + i, $"10.9.8.{i}, 2001:db8:0:1::{i:x}, 127.0.0.9")).Status;
            Assert.Equal(i < PerMinute ? 401 : 429, status);
        }

        Expect.Error(await TryAsync(gateway, "sk-guess", "2001:db8:0:2::1"), 401, "invalid_api_key");
        Expect.Error(await TryAsync(gateway, "sk-guess", "198.51.100.7"), 401, "invalid_api_key");
        Expect.Ok(await TryAsync(gateway, Known, "2001:db8:0:1::1"));
    }

    [Fact]
    public async Task Proxy_ThatIsNoAddress_IsAMistake()
    {
        EndedGateway ended = await GatewayProcess.RunToExitAsync(new GatewaySettings { Config = GatewayFixture.Config(new { Auth = new { TrustedProxies = new[] { "10.0.0.0/33", "proxy.internal" } } }) });

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("10.0.0.0/33", ended.Log, StringComparison.Ordinal);
        Assert.Contains("proxy.internal", ended.Log, StringComparison.Ordinal);
    }

    private static Task<Reply> TryAsync(GatewayProcess gateway, string key, string? forwarded = null) => forwarded is null
        ? gateway.Client.ChatAsync("dummy", ("x-api-key", key))
        : gateway.Client.ChatAsync("dummy", ("x-api-key", key), ("X-Forwarded-For", forwarded));

    private static Task<GatewayProcess> StartAsync(params string[] proxies) => GatewayProcess.StartAsync(new GatewaySettings
    {
        Config = GatewayFixture.Config(new
        {
            Auth = new { TrustedProxies = proxies, UnknownKeysPerMinute = PerMinute },
            Keys = new[] { new { Name = "known", Key = Known } },
            Llms = new[] { new { Name = "dummy", Provider = "dummy", Model = "dummy" } },
        }),
    }.With("LLMPROXY_ADMIN_KEY", AdminCalls.Key));
}
