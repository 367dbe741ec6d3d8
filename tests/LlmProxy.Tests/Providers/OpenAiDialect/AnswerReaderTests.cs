using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Tests.Wire;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class AnswerReaderTests
{
    [Theory]
    [InlineData("chat", """{"id":"c","model":"gpt-4o-2024","choices":[{"message":{"content":"\"usage\":1"}}],"usage":{"prompt_tokens":1149,"completion_tokens":353,"total_tokens":1502,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":53}}}""", 125, 1024, 0, 353, 53)]
    [InlineData("embeddings", """{"object":"list","data":[{"embedding":"AAAA"}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}""", 8, 0, 0, 0, 0)]
    [InlineData("responses", """{"object":"response","status":"completed","error":null,"model":"m","usage":{"input_tokens":113,"input_tokens_details":{"cached_tokens":13},"output_tokens":305,"output_tokens_details":{"reasoning_tokens":192},"total_tokens":418}}""", 100, 13, 0, 305, 192)]
    [InlineData("images", """{"created":1,"data":[{"b64_json":"AAAA"}],"usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}""", 50, 0, 0, 50, 0)]
    [InlineData("transcriptions", """{"text":"Hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}}""", 14, 0, 0, 45, 0)]
    [InlineData("rerank", """{"results":[],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1,"input_tokens":30},"tokens":{"input_tokens":35,"output_tokens":0}}}""", 30, 0, 0, 0, 0)]
    [InlineData("rerank", """{"results":[],"usage":{"total_tokens":38}}""", 38, 0, 0, 0, 0)]
    public void Read_AnswerOfEachKind_CountsDisjointClasses(string endpoint, string body, long fresh, long cached, long write, long output, long reasoning)
    {
        PlainAnswer answer = Read(endpoint, body);
        Assert.Equal(new TokenUsage(fresh, cached, write, output, reasoning), answer.Usage);
        Assert.Null(answer.Failure);
    }

    [Theory]
    [InlineData("transcriptions", """{"text":"Hi","usage":{"type":"duration","seconds":9}}""")]
    [InlineData("moderations", """{"id":"m","model":"omni","results":[]}""")]
    [InlineData("chat", """{"model":"m","choices":[],"usage":null}""")]
    [InlineData("responses_input_tokens", """{"object":"response.input_tokens","input_tokens":11}""")]
    public void Read_NoTokensCounted_HasNoUsage(string endpoint, string body)
    {
        PlainAnswer answer = Read(endpoint, body);
        Assert.Null(answer.Usage);
        Assert.Null(answer.Failure);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" \r\n", "empty")]
    [InlineData("<html><body>Welcome</body></html>", "web page")]
    [InlineData("[{\"a\":1}]", "array")]
    [InlineData("\"hello\"", "not a JSON object")]
    [InlineData("hello", "not a JSON object")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"Hel", "breaks off")]
    [InlineData("{\"choices\":[]", "breaks off")]
    [InlineData("{\"choices\":", "breaks off")]
    [InlineData("{", "breaks off")]
    [InlineData("{\"choices\":[]} trailing", "not JSON")]
    [InlineData("{\"choices\":[}", "not JSON")]
    [InlineData("{choices:[]}", "not JSON")]
    public void Read_NotOneJsonObject_IsInvalidAndSaysHow(string body, string expected)
    {
        VendorFailure failure = Read("chat", body).Failure!;
        Assert.Equal(ErrorCode.InvalidProviderResponse, failure.Code);
        Assert.Contains(expected, failure.Message);
        Assert.False(failure.IsFinal);
    }

    [Theory]
    [InlineData("""{"error":{"message":"Rate limit","code":429}}""", "RateLimitExceeded")]
    [InlineData("""{"error":"out of memory"}""", "ProviderError")]
    [InlineData("""{"object":"error","message":"bad","type":"BadRequestError","code":400}""", "InvalidValue")]
    [InlineData("""{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"broke"},"model":"m"}""", "ProviderError")]
    [InlineData("""{"error":{"message":"no","type":"authentication_error"}}""", "ProviderAuthFailed")]
    public void Read_ErrorBehindA200_IsJudgedLikeAnyOther(string body, string expected) =>
        Assert.Equal(expected, Read("chat", body).Failure!.Code.ToString());

    [Theory]
    [InlineData("""{"error":null,"choices":[]}""")]
    [InlineData("""{"error":"","choices":[]}""")]
    [InlineData("""{"choices":[{"error":{"message":"inner"}}]}""")]
    [InlineData("\uFEFF {\"choices\":[]} \n")]
    public void Read_NoErrorOfItsOwn_IsAnAnswer(string body) => Assert.Null(Read("chat", body).Failure);

    [Fact]
    public void Read_Model_IsWhatTheVendorReported()
    {
        Assert.Equal("gpt-4o-2024", Read("chat", """{"choices":[{"model":"inner"}],"model":"gpt-4o-2024"}""").ReportedModel);
        Assert.Equal("\u00e9 \"x\"", Read("chat", """{"model":" \u00e9 \"x\" "}""").ReportedModel);
        Assert.Equal("ü", Read("chat", """{"model":"ü"}""").ReportedModel);
        Assert.Equal(new string('m', 200) + "...", Read("chat", "{\"model\":\"" + new string('m', 300) + "\"}").ReportedModel);
        Assert.Null(Read("chat", """{"model":{"name":"x"}}""").ReportedModel);
        Assert.Null(Read("chat", """{"model":""}""").ReportedModel);
    }

    [Fact]
    public void Read_LargeEmbedding_AllocatesOnlyWhatItReturns()
    {
        byte[] body = Cuts.Utf8("{\"model\":\"e\",\"data\":[{\"embedding\":[" + string.Join(',', Enumerable.Range(0, 50_000).Select(i => i * 0.001)) + "]}],\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}");
        AnswerReader.Read(EndpointKind.Embeddings, body, Streams.Vendor);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AnswerReader.Read(EndpointKind.Embeddings, body, Streams.Vendor);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256);
    }

    private static PlainAnswer Read(string endpoint, string body) =>
        AnswerReader.Read(EndpointKind.All.Single(e => e.Name == endpoint), Cuts.Utf8(body), Streams.Vendor);
}
