using LlmProxy.Configuration.Options;
using LlmProxy.Hosting;

namespace LlmProxy.Tests.Hosting;

public sealed class StartRulesTests
{
    [Theory]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("https://[::1]:8443", true)]
    [InlineData("http://0.0.0.0:8080", false)]
    [InlineData("http://*:8080", false)]
    [InlineData("http://+:8080", false)]
    [InlineData("http://[::]:8080", false)]
    [InlineData("http://gateway:8080", false)]
    [InlineData("http://10.0.0.5", false)]
    public void Address_Loopback_IsToldFromOthers(string address, bool isLoopback) =>
        Assert.Equal(isLoopback, BoundAddresses.IsLoopback(address));

    [Fact]
    public void Mode_UnwrittenWithoutKeysOnLoopback_IsOpen() =>
        Assert.Equal(AuthMode.Open, StartRules.Decide(new GatewayOptions(), ["http://localhost:1"], out _));

    [Fact]
    public void Mode_UnwrittenWithKeys_IsKeys()
    {
        var options = new GatewayOptions { Keys = [new KeyOptions { Name = "a", Key = new Secret("k") }] };

        Assert.Equal(AuthMode.Keys, StartRules.Decide(options, ["http://localhost:1"], out _));
    }

    [Fact]
    public void Mode_UnwrittenWithoutKeysElsewhere_IsRefusedSayingWhatToSet()
    {
        Assert.Null(StartRules.Decide(new GatewayOptions(), ["http://localhost:1", "http://0.0.0.0:8080"], out string? refusal));
        Assert.Contains("LLMPROXY_API_KEY", refusal, StringComparison.Ordinal);
        Assert.Contains("LlmProxy__Auth__Mode=open", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Mode_OpenWrittenElsewhere_Holds()
    {
        var options = new GatewayOptions { Auth = new AuthOptions { Mode = AuthMode.Open } };

        Assert.Equal(AuthMode.Open, StartRules.Decide(options, ["http://0.0.0.0:8080"], out string? refusal));
        Assert.Null(refusal);
    }
}
