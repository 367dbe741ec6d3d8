using LlmProxy.Forwarding;

namespace LlmProxy.Tests.Forwarding;

public sealed class VendorHeadersTests
{
    [Theory]
    [InlineData("x-ratelimit-remaining-tokens", "Rate")]
    [InlineData("Anthropic-RateLimit-Requests-Limit", "Rate")]
    [InlineData("X-Request-Id", "RequestId")]
    [InlineData("apim-request-id", "RequestId")]
    [InlineData("Retry-After", "Retry")]
    [InlineData("Set-Cookie", "Other")]
    [InlineData("Server", "Other")]
    [InlineData("x-llm-model", "Other")]
    public void Header_OfAVendor_IsJudged(string name, string kind) => Assert.Equal(kind, VendorHeaders.Judge(name).ToString());

    [Fact]
    public void Header_ThatTravels_IsNamedAfterItsOrigin() =>
        Assert.Equal("llm-provider-x-request-id", VendorHeaders.Renamed("X-Request-Id"));
}
