using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class EmbeddingFormatTests
{
    private const string Numbers = """{"object":"list","extra":{"data":[{"embedding":[9]}]},"data":[{"index":0,"embedding":[1, -0.5e0, 0.003]},{"embedding":[],"index":1}],"model":"v","usage":{"prompt_tokens":3,"total_tokens":3}}""";
    private const string Base64 = """{"object":"list","extra":{"data":[{"embedding":[9]}]},"data":[{"index":0,"embedding":"AACAPwAAAL+mm0Q7"},{"embedding":"","index":1}],"model":"v","usage":{"prompt_tokens":3,"total_tokens":3}}""";

    [Theory]
    [InlineData(""","encoding_format":"base64" """, Numbers, Base64)]
    [InlineData(""","encoding_format":"float" """, Base64, """{"object":"list","extra":{"data":[{"embedding":[9]}]},"data":[{"index":0,"embedding":[1,-0.5,0.003]},{"embedding":[],"index":1}],"model":"v","usage":{"prompt_tokens":3,"total_tokens":3}}""")]
    [InlineData("", Base64, """{"object":"list","extra":{"data":[{"embedding":[9]}]},"data":[{"index":0,"embedding":[1,-0.5,0.003]},{"embedding":[],"index":1}],"model":"v","usage":{"prompt_tokens":3,"total_tokens":3}}""")]
    public void Answer_InTheOtherForm_IsWrittenAnew(string asked, string vendor, string client)
    {
        using VendorCall call = Open(asked);
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes(vendor));
        Assert.True(call.IsTranslated);
        Assert.Equal(client, told.Text);
        Assert.Equal(new TokenUsage(3, 0, 0, 0, 0), told.Usage);
        Assert.Equal("v", told.Model);
    }

    [Theory]
    [InlineData(""","encoding_format":"base64" """, Base64)]
    [InlineData(""","encoding_format":"float" """, Numbers)]
    [InlineData(""","encoding_format":null """, Numbers)]
    [InlineData("", Numbers)]
    [InlineData(""","encoding_format":"bytes" """, Base64)]
    [InlineData(""","encoding_format":"base64" """, """{"data":[]}""")]
    [InlineData(""","encoding_format":"base64" """, """{"data":{"embedding":[1]}}""")]
    public void Answer_ThatFits_PassesUntouched(string asked, string vendor)
    {
        using VendorCall call = Open(asked);
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes(vendor));
        Assert.False(call.IsTranslated);
        Assert.Equal(vendor, told.Text);
        Assert.Null(told.Failure);
    }

    [Theory]
    [InlineData(""","encoding_format":"base64" """, """{"data":[{"embedding":[1,"x"]}]}""")]
    [InlineData(""","encoding_format":"base64" """, """{"data":[{"embedding":[[1],[2]]}]}""")]
    [InlineData(""","encoding_format":"base64" """, """{"data":[{"embedding":[1e999]}]}""")]
    [InlineData("", """{"data":[{"embedding":"not base64"}]}""")]
    [InlineData("", """{"data":[{"embedding":"AAAA"}]}""")]
    [InlineData("", """{"data":[{"embedding":"AADAfw=="}]}""")]
    public void Answer_WhoseVectorIsNone_IsTheVendorsFault(string asked, string vendor)
    {
        using VendorCall call = Open(asked);
        Assert.Equal(ErrorCode.InvalidProviderResponse, Turns.Whole(call, Encoding.UTF8.GetBytes(vendor)).Failure?.Code);
    }

    [Fact]
    public void Request_ToAVendorThatRefusedTheField_GoesWithoutIt()
    {
        var exchange = Turns.Exchange("""{"model":"x","input":"a","encoding_format":"base64"}""", EndpointKind.Embeddings);
        var target = Turns.Target("custom", "m", llm => llm.BaseUrl = "http://vendor/v1");
        byte[] refusal = """{"error":{"message":"custom does not support parameters: {'encoding_format': 'base64'}"}}"""u8.ToArray();
        Assert.True(EmbeddingFormat.IsBlamed(exchange, 400, refusal));
        Assert.False(EmbeddingFormat.IsBlamed(exchange, 500, refusal));
        Assert.False(EmbeddingFormat.IsBlamed(exchange, 400, "{}"u8));

        target.Deployment.State.RefusesEncodingFormat = true;
        using VendorCall call = target.Deployment.Provider.Open(exchange, target, new AttemptFacts(1));
        using JsonDocument body = JsonDocument.Parse(Turns.Body(call));
        Assert.False(body.RootElement.TryGetProperty("encoding_format", out _));
        Assert.Null(call.Dropped);
        Assert.Equal(Base64, Turns.Whole(call, Encoding.UTF8.GetBytes(Numbers)).Text);
    }

    [Fact]
    public void Request_WithAFormThatOnlyTheVendorKnows_IsNotRepeated()
    {
        var exchange = Turns.Exchange("""{"model":"x","input":"a","encoding_format":"md5"}""", EndpointKind.Embeddings);
        Assert.False(EmbeddingFormat.IsBlamed(exchange, 400, "encoding_format"u8));
    }

    private static VendorCall Open(string asked) =>
        Turns.Open("custom", $$"""{"model":"m","input":"a"{{asked}}}""", endpoint: EndpointKind.Embeddings, change: llm => llm.BaseUrl = "http://vendor/v1");
}
