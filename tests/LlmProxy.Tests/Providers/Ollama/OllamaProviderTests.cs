using System.Net;
using System.Text;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Ollama;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Ollama;

public sealed class OllamaProviderTests
{
    private readonly OllamaProvider _provider = new();

    [Theory]
    [InlineData("", "http://localhost:11434")]
    [InlineData(" http://box:11434/ ", "http://box:11434")]
    [InlineData("http://box:11434/api", "http://box:11434")]
    [InlineData("http://box:11434/v1/", "http://box:11434")]
    [InlineData("http://box:11434/v1/chat/completions", "http://box:11434")]
    [InlineData("https://ollama.com/api/chat", "https://ollama.com")]
    [InlineData("https://proxy/ollama", "https://proxy/ollama")]
    public void Address_AsPeoplePasteIt_IsItsRoot(string written, string expected) =>
        Assert.Equal(expected, _provider.NormalizeBase(written, new LlmOptions()));

    [Fact]
    public void Probe_AsksForTheVersion() => Assert.Equal("http://box:1/api/version", _provider.ProbeAddress("http://box:1").AbsoluteUri);

    [Theory]
    [InlineData(null, null)]
    [InlineData("key-of-the-cloud", "Bearer key-of-the-cloud")]
    public async Task Key_WhereThereIsOne_IsABearer(string? key, string? expected)
    {
        using var request = new HttpRequestMessage();
        Deployment llm = Turns.Target("ollama", change: options =>
        {
            if (key is not null)
            {
                options.Auth.Values["api_key"] = new Secret(key);
            }
        }).Deployment;

        await _provider.AuthorizeAsync(request, llm, CancellationToken.None);

        Assert.Equal(expected, request.Headers.Authorization?.ToString());
    }

    [Theory]
    [InlineData(404, """{"error":"model 'nope:latest' not found"}""", ErrorCode.ModelNotFound, "ollama pull")]
    [InlineData(404, "404 page not found", ErrorCode.ProviderError, "base URL")]
    [InlineData(401, """{"error":"unauthorized","signin_url":"https://x"}""", ErrorCode.ProviderAuthFailed, "api_key")]
    [InlineData(429, """{"error":"you've reached your hourly usage limit"}""", ErrorCode.RateLimitExceeded, "hourly")]
    [InlineData(400, """{"error":"the input length exceeds the context length"}""", ErrorCode.ContextLengthExceeded, "context")]
    [InlineData(500, """{"error":"input after truncation exceeds maximum context length"}""", ErrorCode.ContextLengthExceeded, "context")]
    [InlineData(400, """{"error":"invalid options: top_k"}""", ErrorCode.InvalidValue, "top_k")]
    [InlineData(500, """{"error":"model requires more system memory (9.1 GiB) than is available (4.0 GiB)"}""", ErrorCode.ProviderError, "memory")]
    [InlineData(503, """{"error":"server busy, please try again.  maximum pending requests exceeded"}""", ErrorCode.ProviderError, "busy")]
    public void Refusal_IsBlamedOnWhoeverCausedIt(int status, string body, object code, string says)
    {
        VendorFailure failure = Read(status, body);

        Assert.Equal(code, failure.Code);
        Assert.Contains(says, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_OfWhatTheModelCannotDo_LeavesItToAnother()
    {
        Assert.False(Read(400, """{"error":"\"llama3\" does not support thinking"}""").IsFinal);
        Assert.True(Read(400, """{"error":"invalid think value"}""").IsFinal);
    }

    private VendorFailure Read(int status, string body)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status) { RequestMessage = new HttpRequestMessage() };
        return _provider.ReadFailure(status, response, Encoding.UTF8.GetBytes(body), Turns.Target("ollama").Deployment);
    }
}
