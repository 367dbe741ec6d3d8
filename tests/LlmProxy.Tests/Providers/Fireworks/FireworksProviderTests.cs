using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Providers.Fireworks;

public sealed class FireworksProviderTests
{
    [Fact]
    public void Chat_BothLimits_KeepsTheOneOfTwoThatMayStand() =>
        Assert.Equal("{\"max_completion_tokens\":9}", Adjusted.By("fireworks", EndpointKind.Chat, "{\"max_tokens\":5,\"max_completion_tokens\":9}").Text);

    [Theory]
    [InlineData("{\"max_tokens\":5}")]
    [InlineData("{\"max_completion_tokens\":5}")]
    [InlineData("{\"max_tokens\":5,\"max_completion_tokens\":null}")]
    [InlineData("{\"tool_choice\":\"required\",\"seed\":1,\"user\":\"u\",\"logprobs\":true,\"x\":1}")]
    public void Chat_EverythingElse_Passes(string json) => Assert.Equal(json, Adjusted.By("fireworks", EndpointKind.Chat, json).Text);
}
