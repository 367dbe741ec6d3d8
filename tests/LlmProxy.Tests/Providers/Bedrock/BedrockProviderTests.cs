using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Providers;
using LlmProxy.Providers.Bedrock;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers.Bedrock;

public sealed class BedrockProviderTests
{
    private static readonly (string, string)[] Keys = [("access_key_id", "AKIDEXAMPLE"), ("secret_access_key", "secret-secret"), ("region", "eu-west-1")];

    private int _fetched;

    [Theory]
    [InlineData("", "https://bedrock-runtime.eu-west-1.amazonaws.com")]
    [InlineData("https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com/", "https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com")]
    [InlineData("https://bedrock-runtime-fips.{region}.amazonaws.com", "https://bedrock-runtime-fips.eu-west-1.amazonaws.com")]
    [InlineData("https://bedrock-runtime.us-east-1.amazonaws.com/model/x/converse", "https://bedrock-runtime.us-east-1.amazonaws.com")]
    public void NormalizeBase_HoldsTheRegion(string written, string expected) =>
        Assert.Equal(expected, Provider().NormalizeBase(written, Llm.Of("bedrock", auth: Keys)));

    [Fact]
    public void MissingCredential_HalfAKey_IsNamed()
    {
        Assert.Contains("secret_access_key is not set", Provider().MissingCredential(Llm.Of("bedrock", auth: [("access_key_id", "a"), ("region", "eu-west-1")])), StringComparison.Ordinal);
        Assert.Null(Provider().MissingCredential(Llm.Of("bedrock", auth: Keys)));
        Assert.Null(Provider().MissingCredential(Llm.Of("bedrock", auth: [("region", "eu-west-1")])));
        Assert.Null(Provider().MissingCredential(Llm.Of("bedrock", baseUrl: "http://127.0.0.1:1", auth: [("bearer_token", "t")])));
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public void Check_RegionThatIsNone_IsSaid() =>
        Assert.Contains("region", Provider().Check(Llm.Of("bedrock", auth: [("region", "evil.example/")])).Single(), StringComparison.Ordinal);

    [Fact]
    public async Task AuthorizeAsync_BearerToken_NeedsNoSignature()
    {
        HttpRequestMessage request = await AuthorizedAsync(Provider(), ("bearer_token", "key-1"), ("region", "eu-west-1"));

        Assert.Equal("Bearer key-1", request.Headers.Authorization!.ToString());
        Assert.False(request.Headers.Contains("X-Amz-Date"));
    }

    [Fact]
    public async Task AuthorizeAsync_WrittenKeys_SignForRegionAndService()
    {
        HttpRequestMessage request = await AuthorizedAsync(Provider(), [.. Keys, ("session_token", "lent")]);

        Assert.Contains("/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,", request.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);
        Assert.Equal("lent", request.Headers.GetValues("X-Amz-Security-Token").Single());
        Assert.Equal(EventStreamFramer.MediaType, request.Headers.Accept.ToString());
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task AuthorizeAsync_NothingWritten_AsksTheChainOnceAMinute()
    {
        var time = new FakeTimeProvider();
        BedrockProvider provider = Provider(time);
        (string, string)[] auth = [("region", "eu-west-1")];

        HttpRequestMessage request = await AuthorizedAsync(provider, auth);
        await AuthorizedAsync(provider, auth);
        Assert.Equal(1, _fetched);
        Assert.Contains("Credential=CHAIN1/", request.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromMinutes(2));
        await AuthorizedAsync(provider, auth);
        Assert.Equal(2, _fetched);
    }

    [Fact]
    public async Task AuthorizeAsync_ChainThatFindsNothing_SaysWhatToDoAndRests()
    {
        var time = new FakeTimeProvider();
        int asked = 0;
        var provider = new BedrockProvider(time, _ =>
        {
            asked++;
            throw new InvalidOperationException("no metadata service");
        });

        NoCredentialException none = await Assert.ThrowsAsync<NoCredentialException>(() => AuthorizedAsync(provider, ("region", "eu-west-1")));
        await Assert.ThrowsAsync<NoCredentialException>(() => AuthorizedAsync(provider, ("region", "eu-west-1")));

        Assert.Contains("Auth.bearer_token_env", none.Message, StringComparison.Ordinal);
        Assert.Equal(1, asked);
        time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<NoCredentialException>(() => AuthorizedAsync(provider, ("region", "eu-west-1")));
        Assert.Equal(2, asked);
    }

    [Fact]
    public void Judge_AwssRequestId_IsOne() => Assert.Equal(VendorHeader.RequestId, VendorHeaders.Judge("x-amzn-RequestId"));

    [Theory]
    [InlineData("amazon.titan-embed-text-v1", """{"inputText":"a"}""", "dimensions")]
    [InlineData("amazon.titan-embed-text-v2:0", """{"inputText":"a","dimensions":256}""", null)]
    public void Embedding_Titan_IsOneTextACall(string model, string expected, string? dropped)
    {
        using VendorCall call = Turns.Open("bedrock", """{"model":"m","input":["a","b"],"dimensions":256}""", model, EndpointKind.Embeddings);

        Assert.Equal(2, call.Requests);
        Assert.EndsWith("/invoke", call.Path, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(Turns.Body(call))));
        Assert.Equal(dropped, call.Dropped);
        Told told = Turns.Whole(call, Utf8("""{"embedding":[0.5,1],"inputTextTokenCount":2}"""), Utf8("""{"embeddingsByType":{"float":[1]},"embedding":[0.25,2],"inputTextTokenCount":3}"""));
        Assert.Equal(5, told.Usage!.Value.Input);
        Assert.Equal(2, JsonNode.Parse(told.Text)!["data"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("cohere.embed-multilingual-v3", """{"texts":["a","b"],"input_type":"search_query","embedding_types":["float"]}""", "dimensions")]
    [InlineData("eu.cohere.embed-v4:0", """{"texts":["a","b"],"input_type":"search_query","embedding_types":["float"],"output_dimension":512}""", null)]
    public void Embedding_Cohere_IsAListOfTexts(string model, string expected, string? dropped)
    {
        using VendorCall call = Turns.Open("bedrock", """{"model":"m","input":["a","b"],"dimensions":512,"input_type":"search_query"}""", model, EndpointKind.Embeddings);

        Assert.Equal(1, call.Requests);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(Turns.Body(call))), Turns.Body(call));
        Assert.Equal(dropped, call.Dropped);
        Assert.Null(Turns.Whole(call, Utf8("""{"id":"1","embeddings":{"float":[[1],[2]]},"texts":["a","b"]}""")).Failure);
        Assert.Null(Turns.Whole(call, Utf8("""{"id":"1","embeddings":[[1],[2]],"texts":["a","b"]}""")).Failure);
        Assert.NotNull(Turns.Whole(call, Utf8("""{"id":"1","embeddings":{"float":[[1]]}}""")).Failure);
        Assert.NotNull(Turns.Whole(call, Utf8("""{"id":"1"}""")).Failure);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task<HttpRequestMessage> AuthorizedAsync(BedrockProvider provider, params (string, string)[] auth)
    {
        LlmOptions llm = Llm.Of("bedrock", auth: auth);
        var request = new HttpRequestMessage(HttpMethod.Post, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/converse-stream")
        {
            Content = new SplicedContent(new SplicedBody([Utf8("{}")], 2), "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        await provider.AuthorizeAsync(request, new Deployment(llm, provider, new LlmState("bedrock", "test", TimeProvider.System)), CancellationToken.None);
        return request;
    }

    private BedrockProvider Provider(TimeProvider? time = null) => new(time ?? TimeProvider.System, _ => Task.FromResult(new AwsKeys($"CHAIN{++_fetched}", "s", null)));
}
