using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A configuration with mistakes: all of them at once, each with its key, and exit code 1.</summary>
public sealed class StartupMistakesTests
{
    [Fact]
    public async Task Mistakes_AreAllListedWithTheirKeys()
    {
        EndedGateway ended = await RunAsync("""
            { "LlmProxy": {
              "Llms": [
                { "Name": "one", "Provider": "no-such-vendor", "Model": "m" },
                { "Name": "two", "Provider": "custom", "Model": "m", "BaseUrl": "not a url" },
                { "Name": "three", "Provider": "openai", "Model": "m", "Prioritty": 3 },
                { "Name": "four", "Provider": "openai", "Model": "m", "TimeoutSeconds": -1, "Fallbacks": ["nobody"] } ],
              "Chains": { "broken": ["ghost"] },
              "Limits": { "MaxBodyBytes": "plenty" },
              "Cash": { "Enabled": true } } }
            """);

        Assert.Equal(1, ended.ExitCode);
        Assert.All(["no-such-vendor", "BaseUrl", "Prioritty", "TimeoutSeconds", "nobody", "ghost", "MaxBodyBytes", "Cash"], part =>
            Assert.Contains(part, ended.Log, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_ThatIsNotJson_IsNamedWithItsPlace()
    {
        EndedGateway ended = await RunAsync("{ \"LlmProxy\": { \"Llms\": [ } }");

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("gateway.json", ended.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_ThatIsNotThere_IsNamed()
    {
        EndedGateway ended = await GatewayProcess.RunToExitAsync(new GatewaySettings().With("LLMPROXY_CONFIG_FILE", "/no/such/gateway.json"));

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("/no/such/gateway.json", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variable_OfDotNetWithAMistake_IsNamed()
    {
        EndedGateway ended = await GatewayProcess.RunToExitAsync(new GatewaySettings().With("LlmProxy__Limits__MaxBodyBytes", "many"));

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("MaxBodyBytes", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_WithoutItsVariable_IsNamed()
    {
        EndedGateway ended = await RunAsync("""{ "LlmProxy": { "Keys": [ { "Name": "ci", "Key": "env:NO_SUCH_KEY" } ] } }""");

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("NO_SUCH_KEY", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_InAConfigurationWithMistakes_AreNotShown()
    {
        EndedGateway ended = await RunAsync("""
            { "LlmProxy": {
              "Keys": [ { "Name": "ci", "Key": "sk-secret-of-mistakes", "RequestsPerMinute": -5 } ],
              "Llms": [ { "Name": "one", "Provider": "openai", "Model": "m", "Auth": { "api_key": "sk-vendor-of-mistakes", "api_kee": "sk-typo-of-mistakes" } } ] } }
            """);

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("api_kee", ended.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("of-mistakes", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_ThatIsTaken_IsOneClearLine()
    {
        await using GatewayProcess first = await GatewayProcess.StartAsync();

        EndedGateway ended = await GatewayProcess.RunToExitAsync(new GatewaySettings { Urls = first.BaseUrl });

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("in use", ended.Log, StringComparison.OrdinalIgnoreCase);
    }

    private static Task<EndedGateway> RunAsync(string config) => GatewayProcess.RunToExitAsync(new GatewaySettings { Config = config });
}
