using LlmProxy.Configuration.Options;
using LlmProxy.Guards;

namespace LlmProxy.Tests.Guards;

public sealed class GuardRulesTests
{
    [Theory]
    [InlineData("http://localhost:8100/check", true)]
    [InlineData("http://127.0.0.1/check", true)]
    [InlineData("http://[::1]:1/", true)]
    [InlineData("http://10.1.2.3/", true)]
    [InlineData("http://guard:8100/", true)]
    [InlineData("http://guard.svc.cluster.local/", true)]
    [InlineData("https://guard.example.com/", false)]
    [InlineData("https://203.0.114.7/", false)]
    [InlineData("https://guard.example.com.localhost.evil.example/", false)]
    public void WebhookIsHome_Address_IsJudgedByWhereItLeads(string url, bool isHome)
    {
        Assert.Equal(isHome, Rules(url).WebhookIsHome);
        Assert.True(Rules(url, isLocal: true).WebhookIsHome);
    }

    [Fact]
    public void IsOff_WithoutGuards_IsTrue() => Assert.True(GuardRules.None.IsOff);

    private static GuardRules Rules(string url, bool isLocal = false) =>
        new(new GatewayOptions { Guards = new GuardsOptions { Webhook = new WebhookGuardOptions { Url = url, Local = isLocal } } });
}
