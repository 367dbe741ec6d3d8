using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Pipeline;

public sealed class WishReaderTests
{
    [Fact]
    public void Header_WithHyphens_IsTheWishWithUnderscores()
    {
        Wishes? wishes = null;

        Assert.Null(WishReader.ReadHeader("X-LLM-Timeout-Ms", "250", ref wishes));
        Assert.Null(WishReader.ReadHeader("x-llm-local-only", "true", ref wishes));
        Assert.Null(WishReader.ReadHeader("x-llm-fallback", "off", ref wishes));
        Assert.Null(WishReader.ReadHeader("x-llm-tags", "a, b,,c", ref wishes));
        Assert.Null(WishReader.ReadHeader("x-llm-priority", "-3", ref wishes));

        Assert.Equal(250, wishes!.TimeoutMs);
        Assert.True(wishes.LocalOnly);
        Assert.False(wishes.Fallback);
        Assert.Equal(["a", "b", "c"], wishes.Tags);
        Assert.Equal(-3, wishes.Priority);
    }

    [Fact]
    public void Body_TypedValues_AreTaken()
    {
        Wishes? wishes = null;

        Assert.Null(WishReader.ReadBody("""{"chain":["a","b"],"timeout_ms":1000,"metadata":true,"cache":"refresh","cache_ttl":60}"""u8, ref wishes));

        Assert.Equal("a,b", wishes!.Chain);
        Assert.Equal(1000, wishes.TimeoutMs);
        Assert.True(wishes.Metadata);
        Assert.Equal(CacheWish.Refresh, wishes.Cache);
        Assert.Equal(60, wishes.CacheTtlSeconds);
    }

    [Theory]
    [InlineData("x-llm-chian", "a", "chian")]
    [InlineData("x-llm-fallback", "perhaps", "fallback")]
    [InlineData("x-llm-timeout-ms", "-1", "timeout_ms")]
    [InlineData("x-llm-timeout-ms", "soon", "timeout_ms")]
    [InlineData("x-llm-strategy", "fastest", "strategy")]
    [InlineData("x-llm-cache", "sometimes", "cache")]
    [InlineData("x-llm-provider", "", "provider")]
    [InlineData("x-llm-priority", "first", "priority")]
    [InlineData("x-llm-priority", "99999999999", "priority")]
    public void Header_UnknownOrMeaningless_IsRefused(string header, string value, string param)
    {
        Wishes? wishes = null;

        GatewayError? error = WishReader.ReadHeader(header, value, ref wishes);

        Assert.Equal(400, error!.Status);
        Assert.Equal(param, error.Param);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"fast\"")]
    [InlineData("{\"wish\":1}")]
    [InlineData("{\"metadata\":{}}")]
    [InlineData("{\"tags\":[1]}")]
    public void Body_UnknownOrMeaningless_IsRefused(string body)
    {
        Wishes? wishes = null;

        Assert.Equal("invalid_value", WishReader.ReadBody(System.Text.Encoding.UTF8.GetBytes(body), ref wishes)!.Code.Wire());
    }
}
