using System.Text.Json.Nodes;
using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Providers.Together;

public sealed class TogetherProviderTests
{
    [Fact]
    public void Chat_CompletionLimit_HasTheOlderName() =>
        Assert.Equal("{\"max_tokens\":9}", Adjusted.By("together", EndpointKind.Chat, "{\"max_completion_tokens\":9}").Text);

    [Theory]
    [InlineData("{\"logprobs\":true,\"top_logprobs\":4}", "{\"logprobs\":4}")]
    [InlineData("{\"logprobs\":true}", "{\"logprobs\":1}")]
    [InlineData("{\"logprobs\":true,\"top_logprobs\":0}", "{\"logprobs\":1}")]
    [InlineData("{\"logprobs\":false}", "{}")]
    [InlineData("{\"logprobs\":3}", "{\"logprobs\":3}")]
    public void Chat_Logprobs_AreANumber(string json, string expected) =>
        Assert.Equal(expected, Adjusted.By("together", EndpointKind.Chat, json).Text);

    [Theory]
    [InlineData("{\"stop\": \"END\\n\" }", "{\"stop\": [\"END\\n\"] }")]
    [InlineData("{\"stop\":[\"a\",\"b\"]}", "{\"stop\":[\"a\",\"b\"]}")]
    [InlineData("{\"stop\":null}", "{\"stop\":null}")]
    public void Stop_OneString_IsPutIntoAnArray(string json, string expected)
    {
        Assert.Equal(expected, Adjusted.By("together", EndpointKind.Chat, json).Text);
        Assert.Equal(expected, Adjusted.By("together", EndpointKind.Completions, json).Text);
    }

    [Fact]
    public void Images_SizeAndFormat_AreInItsWords()
    {
        JsonObject result = Adjusted.By("together", EndpointKind.Images, "{\"prompt\":\"a cat\",\"size\":\"1024x768\",\"response_format\":\"b64_json\"}").Json;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("{\"prompt\":\"a cat\",\"width\":1024,\"height\":768,\"response_format\":\"base64\"}"), result));
    }

    [Theory]
    [InlineData("{\"prompt\":\"a\",\"size\":\"auto\"}", "{\"prompt\":\"a\"}")]
    [InlineData("{\"prompt\":\"a\",\"size\":\"huge\"}", "{\"prompt\":\"a\",\"size\":\"huge\"}")]
    [InlineData("{\"prompt\":\"a\",\"response_format\":\"url\"}", "{\"prompt\":\"a\",\"response_format\":\"url\"}")]
    public void Images_OtherSizes_AreLeftForTheVendorToJudge(string json, string expected) =>
        Assert.Equal(expected, Adjusted.By("together", EndpointKind.Images, json).Text);

    [Fact]
    public void UnknownFields_Pass() =>
        Assert.Equal("{\"x\":1,\"stream_options\":{}}", Adjusted.By("together", EndpointKind.Chat, "{\"x\":1,\"stream_options\":{}}").Text);
}
