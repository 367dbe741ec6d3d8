using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Vertex;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Vertex;

public sealed class VertexProviderTests
{
    private static readonly IProvider Provider = ProviderCatalog.All["vertex"];

    private static void Project(LlmOptions llm)
    {
        llm.Auth.Values["project"] = new Secret("proj-1");
        llm.Auth.Values["location"] = new Secret("europe-west4");
    }

    private static VendorCall Open(string json, string model, EndpointKind? endpoint = null) => Turns.Open("vertex", json, model, endpoint, Project);

    [Theory]
    [InlineData("europe-west4", "https://europe-west4-aiplatform.googleapis.com")]
    [InlineData("global", "https://aiplatform.googleapis.com")]
    [InlineData("eu", "https://aiplatform.eu.rep.googleapis.com")]
    [InlineData("us", "https://aiplatform.us.rep.googleapis.com")]
    public void NormalizeBase_Location_NamesTheHost(string location, string host)
    {
        Assert.Equal(host, Provider.NormalizeBase("", Llm.Of("vertex", auth: ("location", location))));
        Assert.Equal("http://127.0.0.1:9", Provider.NormalizeBase("http://127.0.0.1:9/v1/", Llm.Of("vertex", auth: ("location", location))));
    }

    [Theory]
    [InlineData("gemini-2.5-flash", "v1/projects/proj-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent")]
    [InlineData("google/gemini-2.5-flash", "v1/projects/proj-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent")]
    [InlineData("1234567890", "v1/projects/proj-1/locations/europe-west4/endpoints/1234567890:generateContent")]
    [InlineData("publishers/google/models/g", "v1/projects/proj-1/locations/europe-west4/publishers/google/models/g:generateContent")]
    [InlineData("projects/o/locations/us/endpoints/5", "v1/projects/o/locations/us/endpoints/5:generateContent")]
    [InlineData("claude-sonnet-4-5@20250929", "v1/projects/proj-1/locations/europe-west4/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict")]
    public void Path_NamesProjectLocationPublisherAndModel(string model, string path)
    {
        using VendorCall call = Open(Gemini.Google.Ask, model);
        Assert.Equal(path, call.Path);
    }

    [Fact]
    public void Path_Streams_HaveTheirOwnActions()
    {
        Assert.EndsWith(":streamGenerateContent?alt=sse", Open(Gemini.Google.AskStream, "gemini-2.5-flash").Path, StringComparison.Ordinal);
        Assert.EndsWith(":streamRawPredict", Open(Gemini.Google.AskStream, "claude-x").Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Claude_Chat_SpeaksAnthropicsDialect()
    {
        using VendorCall call = Open("""{"model":"x","messages":[{"role":"system","content":"S"},{"role":"user","content":"Hi"}],"max_tokens":9}""", "claude-x");
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        Assert.Equal("vertex-2023-10-16", (string?)body["anthropic_version"]);
        Assert.Null(body["model"]);
        Assert.Equal(9, (int)body["max_tokens"]!);
        Told told = Turns.Whole(call, """{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Yo"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"""u8.ToArray());
        Assert.Equal("Yo", (string?)JsonNode.Parse(told.Text)!["choices"]![0]!["message"]!["content"]);
        Assert.Equal(new TokenUsage(3, 0, 0, 2, 0), told.Usage);
    }

    [Fact]
    public void Claude_Messages_PassWithVersionAndWithoutModel()
    {
        using VendorCall call = Open("""{"model":"x","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"tomorrow":1}""", "claude-x", EndpointKind.Messages);
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        Assert.False(call.IsTranslated);
        Assert.Equal("vertex-2023-10-16", (string?)body["anthropic_version"]);
        Assert.Null(body["model"]);
        Assert.Equal(1, (int)body["tomorrow"]!);
    }

    [Fact]
    public void Claude_Count_NamesTheModelInTheBody()
    {
        using VendorCall call = Open("""{"model":"x","messages":[{"role":"user","content":"Hi"}]}""", "claude-x", EndpointKind.CountTokens);
        Assert.EndsWith("/publishers/anthropic/models/count-tokens:rawPredict", call.Path, StringComparison.Ordinal);
        Assert.Equal("claude-x", (string?)JsonNode.Parse(Turns.Body(call))!["model"]);
    }

    [Fact]
    public void Embeddings_OfOneKind_GoToPredict()
    {
        using VendorCall call = Open("""{"model":"x","input":["a","b"],"dimensions":2,"task_type":"CLUSTERING"}""", "text-embedding-005", EndpointKind.Embeddings);
        Assert.EndsWith("text-embedding-005:predict", call.Path, StringComparison.Ordinal);
        string body = Turns.Body(call);
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""{"instances":[{"content":"a","task_type":"CLUSTERING"},{"content":"b","task_type":"CLUSTERING"}],"parameters":{"outputDimensionality":2}}"""), JsonNode.Parse(body)),
            body);
        Told told = Turns.Whole(call, """{"predictions":[{"embeddings":{"values":[1,2],"statistics":{"token_count":3,"truncated":false}}},{"embeddings":{"values":[3,4],"statistics":{"token_count":4}}}]}"""u8.ToArray());
        Assert.Equal(new TokenUsage(7, 0, 0, 0, 0), told.Usage);
        Assert.Equal(4, (double)JsonNode.Parse(told.Text)!["data"]![1]!["embedding"]![1]!);
    }

    [Fact]
    public void Embeddings_OfTheNewestKind_AreAskedOneByOne()
    {
        using VendorCall call = Open("""{"model":"x","input":["a","b"],"dimensions":2}""", "gemini-embedding-2", EndpointKind.Embeddings);
        Assert.Equal(2, call.Requests);
        Assert.EndsWith(":embedContent", call.Path, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"content":{"parts":[{"text":"b"}]},"embedContentConfig":{"outputDimensionality":2}}"""), JsonNode.Parse(Turns.Body(call, 1))));
    }

    [Fact]
    public void Tokens_OfAConversation_AreAskedForFree()
    {
        using VendorCall call = Open("""{"model":"x","messages":[{"role":"user","content":"Hi"}]}""", "gemini-2.5-flash", EndpointKind.CountTokens);
        Assert.EndsWith("gemini-2.5-flash:countTokens", call.Path, StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(Turns.Body(call))!["contents"]);
    }

    [Fact]
    public void MissingCredential_NoProject_IsTold()
    {
        Assert.Contains("project", Provider.MissingCredential(Llm.Of("vertex"))!, StringComparison.Ordinal);
        Assert.Null(Provider.MissingCredential(Llm.Of("vertex", auth: ("project", "p"))));
        Assert.Null(Provider.MissingCredential(Llm.Of("vertex", auth: ("credentials_file", """{"type":"service_account","project_id":"from-file"}"""))));
    }

    [Fact]
    public async Task Authorize_AccessToken_IsUsedAsItIs()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://vendor.test/");
        await Provider.AuthorizeAsync(request, Turns.Target("vertex", "m", llm => llm.Auth.Values["access_token"] = new Secret("tok-12345678")).Deployment, CancellationToken.None);
        Assert.Equal("Bearer tok-12345678", request.Headers.Authorization?.ToString());
    }

    [Fact]
    public async Task Authorize_ByFile_SignsInOncePerFile()
    {
        List<string?> asked = [];
        var time = new FakeTimeProvider();
        var provider = new VertexProvider(time, (source, _) =>
        {
            asked.Add(source);
            return ValueTask.FromResult(new BearerToken($"t{asked.Count}", time.GetUtcNow().AddHours(1), QuotaProject: "payer"));
        });
        foreach (string? file in (string?[])["a.json", "a.json", "b.json", null, null])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "http://vendor.test/");
            await provider.AuthorizeAsync(
                request,
                Turns.Target("vertex", "m", llm => llm.Auth.Values["credentials_file"] = new Secret(file ?? "")).Deployment,
                CancellationToken.None);
            Assert.Equal("payer", Assert.Single(request.Headers.GetValues("x-goog-user-project")));
        }

        Assert.Equal(["a.json", "b.json", null], asked);
    }

    [Fact]
    public void ReadFailure_OfEitherDialect_IsUnderstood()
    {
        Deployment_Judges(403, """{"error":{"code":403,"message":"Permission 'aiplatform.endpoints.predict' denied","status":"PERMISSION_DENIED"}}""", ErrorCode.ProviderAuthFailed);
        Deployment_Judges(400, """{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too large"}}""", ErrorCode.InvalidValue);
        Deployment_Judges(529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", ErrorCode.ProviderError);
    }

    private static void Deployment_Judges(int status, string body, ErrorCode code)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        Assert.Equal(code, Provider.ReadFailure(status, response, Encoding.UTF8.GetBytes(body), Turns.Target("vertex").Deployment).Code);
    }
}
