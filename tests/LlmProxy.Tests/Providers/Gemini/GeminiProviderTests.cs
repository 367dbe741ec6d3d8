using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Gemini;

public sealed class GeminiProviderTests
{
    private static readonly IProvider Provider = ProviderCatalog.All["gemini"];

    [Theory]
    [InlineData("", "https://generativelanguage.googleapis.com/v1beta")]
    [InlineData("https://generativelanguage.googleapis.com/", "https://generativelanguage.googleapis.com/v1beta")]
    [InlineData("https://generativelanguage.googleapis.com/v1beta/openai/", "https://generativelanguage.googleapis.com/v1beta")]
    [InlineData("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1")]
    public void NormalizeBase_AsPeoplePasteIt_EndsWithItsVersion(string written, string expected) => Assert.Equal(expected, Provider.NormalizeBase(written, new LlmOptions()));

    [Theory]
    [InlineData("gemini-2.5-flash", false, "models/gemini-2.5-flash:generateContent")]
    [InlineData("gemini-2.5-flash", true, "models/gemini-2.5-flash:streamGenerateContent?alt=sse")]
    [InlineData("models/gemini-x", false, "models/gemini-x:generateContent")]
    [InlineData("tunedModels/mine", false, "tunedModels/mine:generateContent")]
    public void Path_NamesModelAndAction(string model, bool isStream, string path)
    {
        using VendorCall call = Turns.Open("gemini", isStream ? Google.AskStream : Google.Ask, model);
        Assert.Equal(path, call.Path);
    }

    [Fact]
    public async Task Authorize_Key_IsAHeaderAndNeverInTheAddress()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://vendor.test/v1beta/models/m:generateContent");
        await Provider.AuthorizeAsync(request, Turns.Target("gemini", "m", llm => llm.Auth.Values["api_key"] = new Secret("key-123456")).Deployment, CancellationToken.None);
        Assert.Equal("key-123456", Assert.Single(request.Headers.GetValues("x-goog-api-key")));
        Assert.Null(request.Headers.Authorization);
        Assert.DoesNotContain("key", request.RequestUri!.Query, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingCredential_AtGooglesOwnAddress_IsTold()
    {
        Assert.NotNull(Provider.MissingCredential(Llm.Of("gemini")));
        Assert.Null(Provider.MissingCredential(Llm.Of("gemini", apiKey: "k")));
        Assert.Null(Provider.MissingCredential(Llm.Of("gemini", baseUrl: "http://127.0.0.1:9")));
    }

    [Fact]
    public void Embeddings_Batch_HasDimensionsAndPurpose()
    {
        using VendorCall call = Turns.Open("gemini", """{"model":"x","input":["a é","b"],"dimensions":3,"input_type":"search_query"}""", "gemini-embedding-001", EndpointKind.Embeddings);
        Assert.Equal("models/gemini-embedding-001:batchEmbedContents", call.Path);
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a é"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}"""), body["requests"]![0]),
            body.ToJsonString());
        Assert.Null(call.Dropped);
        Told told = Turns.Whole(call, """{"embeddings":[{"values":[0.5,-1]},{"values":[1,2]}],"usageMetadata":{"promptTokenCount":4}}"""u8.ToArray());
        Assert.Null(told.Failure);
        Assert.Equal(new TokenUsage(4, 0, 0, 0, 0), told.Usage);
        Assert.Equal(-1, (double)JsonNode.Parse(told.Text)!["data"]![0]!["embedding"]![1]!);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"embeddings":[{"values":"x"}]}""")]
    [InlineData("""{"embeddings":[{"values":[1,"x"]}]}""")]
    public void Embeddings_NotWhatGoogleDocuments_AreInvalid(string answer)
    {
        using VendorCall call = Turns.Open("gemini", """{"model":"x","input":"a"}""", "gemini-embedding-001", EndpointKind.Embeddings);
        Assert.NotNull(Turns.Whole(call, System.Text.Encoding.UTF8.GetBytes(answer)).Failure);
    }

    [Fact]
    public void Tokens_OfAConversation_AreAskedWithAllThatCounts()
    {
        using VendorCall call = Turns.Open(
            "gemini", """{"model":"x","max_tokens":5,"system":"S","messages":[{"role":"user","content":"Hi"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}""", "gemini-2.5-flash", EndpointKind.CountTokens);
        Assert.Equal("models/gemini-2.5-flash:countTokens", call.Path);
        JsonNode request = JsonNode.Parse(Turns.Body(call))!["generateContentRequest"]!;
        Assert.Equal("models/gemini-2.5-flash", (string?)request["model"]);
        Assert.NotNull(request["systemInstruction"]);
        Assert.NotNull(request["tools"]);
        Told told = Turns.Whole(call, """{"totalTokens":42}"""u8.ToArray());
        Assert.Equal(42, (int)JsonNode.Parse(told.Text)!["input_tokens"]!);
    }
}
