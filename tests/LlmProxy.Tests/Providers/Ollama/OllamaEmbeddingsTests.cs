using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Ollama;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Ollama;

public sealed class OllamaEmbeddingsTests
{
    private const string Answer = """{"model":"nomic-embed-text","embeddings":[[0.25,-1],[1e-3,0]],"total_duration":5,"prompt_eval_count":6}""";

    [Fact]
    public void Request_OfAClientOfOpenAi_IsOneCall()
    {
        using VendorCall call = Turns.Open(
            "ollama", """{"model":"x","input":["a\n","b"],"dimensions":2,"encoding_format":"float","truncate":false,"user":"kim"}""", model: "nomic-embed-text", EndpointKind.Embeddings,
            change: llm => llm.Config["keep_alive"] = "1h");

        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"model":"nomic-embed-text","input":["a\n","b"],"dimensions":2,"truncate":false,"keep_alive":"1h"}"""), body), body.ToJsonString());
        Assert.Equal("user", call.Dropped);
        Assert.Equal(1, call.Requests);
        Assert.Equal("api/embed", call.Path);
    }

    [Theory]
    [InlineData("float", "[0.25,-1]")]
    [InlineData("base64", "\"AACAPgAAgL8=\"")]
    public void Answer_IsInTheFormThatWasAskedFor(string format, string first)
    {
        using VendorCall call = Turns.Open("ollama", $$"""{"model":"x","input":["a","b"],"encoding_format":"{{format}}"}""", endpoint: EndpointKind.Embeddings);

        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes(Answer));

        JsonNode json = JsonNode.Parse(told.Text)!;
        Assert.Equal(first, json["data"]![0]!["embedding"]!.ToJsonString());
        Assert.Equal(6, (int)json["usage"]!["prompt_tokens"]!);
        Assert.Equal(new TokenUsage(6, 0, 0, 0, 0), told.Usage);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"embeddings":[[1]]}""")]
    [InlineData("""{"embeddings":[1,2]}""")]
    [InlineData("<html>")]
    [InlineData("")]
    public void Answer_ThatIsNone_IsInvalid(string body)
    {
        using VendorCall call = Turns.Open("ollama", """{"model":"x","input":["a","b"]}""", endpoint: EndpointKind.Embeddings);

        Assert.Equal(ErrorCode.InvalidProviderResponse, Turns.Whole(call, Encoding.UTF8.GetBytes(body)).Failure?.Code);
    }

    [Fact]
    public void Fronts_OfOllama_WriteItsShapes()
    {
        Assert.Equal("""[[0.25,-1],[1e-3,0]]""", Front("""{"model":"x","input":["a","b"]}""", EndpointKind.OllamaEmbed, Answer)["embeddings"]!.ToJsonString());
        Assert.Equal("""[0.5]""", Front("""{"model":"x","prompt":"a"}""", EndpointKind.OllamaEmbeddings, """{"embeddings":[[0.5]]}""")["embedding"]!.ToJsonString());
    }

    private static JsonNode Front(string request, EndpointKind endpoint, string answer)
    {
        using var call = new TranslatedEmbedding(Turns.Exchange(request, endpoint), Turns.Target("ollama"), new OllamaEmbeddings());
        return JsonNode.Parse(Turns.Whole(call, Encoding.UTF8.GetBytes(answer)).Text)!;
    }
}
