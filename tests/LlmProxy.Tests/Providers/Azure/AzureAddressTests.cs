using LlmProxy.Providers.Azure;

namespace LlmProxy.Tests.Providers.Azure;

public sealed class AzureAddressTests
{
    [Theory]
    [InlineData("https://name.openai.azure.com")]
    [InlineData("https://name.openai.azure.com/")]
    [InlineData("https://name.openai.azure.com/openai")]
    [InlineData("https://name.openai.azure.com/openai/")]
    [InlineData("https://name.openai.azure.com/openai/v1/")]
    [InlineData("https://name.openai.azure.com/openai/v1/chat/completions")]
    [InlineData("https://name.openai.azure.com/OpenAI/deployments/gpt/chat/completions?api-version=2024-10-21")]
    public void Parse_EveryFormOfAResource_IsTheResource(string written) =>
        Assert.Equal("https://name.openai.azure.com", AzureAddress.Parse(written).Resource);

    [Theory]
    [InlineData("https://apim.test/llm/openai/v1", "https://apim.test/llm")]
    [InlineData("https://apim.test/openai-eu/openai", "https://apim.test/openai-eu")]
    [InlineData("https://apim.test/openai-eu", "https://apim.test/openai-eu")]
    [InlineData("http://openai", "http://openai")]
    public void Parse_GatewayBeforeAzure_KeepsItsOwnPath(string written, string expected) => Assert.Equal(expected, AzureAddress.Parse(written).Resource);

    [Fact]
    public void Parse_TargetUriOfThePortal_NamesDeploymentAndVersion()
    {
        AzureAddress address = AzureAddress.Parse("https://name.openai.azure.com/openai/deployments/my%20gpt/chat/completions?x=1&api-version=2024-08-01-preview");

        Assert.Equal("my gpt", address.Deployment);
        Assert.Equal("2024-08-01-preview", address.ApiVersion);
    }

    [Fact]
    public void Parse_PlainResource_NamesNeither()
    {
        AzureAddress address = AzureAddress.Parse("https://name.openai.azure.com/openai/v1");

        Assert.Null(address.Deployment);
        Assert.Null(address.ApiVersion);
    }
}
