using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class EmbeddingVendorTests
{
    [Fact]
    public void Vendor_RequestOfAnotherDialect_IsSaidInItsWords()
    {
        using TranslatedEmbedding call = Open("mistral", """{"input":["a",  "b"],"dimensions":64,"user":"u","rare":1}""");
        using JsonDocument body = JsonDocument.Parse(Turns.Body(call));
        Assert.Equal("""{"model":"m","input":["a","b"],"output_dimension":64}""", JsonSerializer.Serialize(body.RootElement));
        Assert.Equal("embeddings", call.Path);
        Assert.Equal("user, rare", call.Dropped);
    }

    [Fact]
    public void Vendor_AnswerOutOfOrderAndInBase64_BecomesVectorsInOrder()
    {
        using TranslatedEmbedding call = Open("mistral", """{"input":["a","b"]}""");
        Told told = Turns.Whole(call, """{"data":[{"index":1,"embedding":[2,3]},{"index":0,"embedding":"AACAPwAAAL8="}],"model":"v","usage":{"prompt_tokens":4,"total_tokens":4}}"""u8.ToArray());
        using JsonDocument json = JsonDocument.Parse(told.Text);
        Assert.Equal("[1,-0.5]", json.RootElement.GetProperty("data")[0].GetProperty("embedding").GetRawText());
        Assert.Equal("[2,3]", json.RootElement.GetProperty("data")[1].GetProperty("embedding").GetRawText());
        Assert.Equal(4, told.Usage?.Input);
        Assert.Equal("v", told.Model);
    }

    [Theory]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":null},{"index":1,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":"%"},{"index":1,"embedding":[1]}]}""")]
    [InlineData("""{"data":{}}""")]
    [InlineData("[]")]
    public void Vendor_AnswerThatIsNone_IsItsFault(string answer)
    {
        using TranslatedEmbedding call = Open("mistral", """{"input":["a","b"]}""");
        Assert.NotNull(Turns.Whole(call, System.Text.Encoding.UTF8.GetBytes(answer)).Failure);
    }

    [Theory]
    [InlineData("mistral", "[9906, 1917]", """["Hello world"]""")]
    [InlineData("together", " [ [9906],[1917]]", """["Hello"," world"]""")]
    [InlineData("mistral", """["Hello"]""", """["Hello"]""")]
    [InlineData("mistral", "[-1]", "[-1]")]
    [InlineData("openai", "[9906,1917]", "[9906,1917]")]
    public void Vendor_ThatTakesOnlyText_IsToldTokenNumbersAsText(string provider, string input, string expected)
    {
        using VendorCall call = Turns.Open(provider, $$"""{"model":"m","input":{{input}}}""", endpoint: EndpointKind.Embeddings);
        using JsonDocument body = JsonDocument.Parse(Turns.Body(call));
        Assert.Equal(expected, body.RootElement.GetProperty("input").GetRawText());
    }

    private static TranslatedEmbedding Open(string provider, string json)
    {
        var target = Turns.Target(provider);
        return new TranslatedEmbedding(Turns.Exchange(json, EndpointKind.Embeddings), target, new EmbeddingVendor((OpenAiDialectProvider)target.Deployment.Provider));
    }
}
