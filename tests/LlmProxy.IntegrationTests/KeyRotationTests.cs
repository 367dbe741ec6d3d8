using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>An LLM with several keys goes on with the next one where the vendor limits the first.</summary>
public sealed class KeyRotationTests
{
    private const string Claude = """{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}""";
    private const string Gemini = """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2},"modelVersion":"gemini"}""";

    [Theory]
    [InlineData("openai", "Authorization", "Bearer ")]
    [InlineData("anthropic", "x-api-key", "")]
    [InlineData("gemini", "x-goog-api-key", "")]
    public async Task Key_IsRateLimited_TheNextOneIsUsedAtOnce(string provider, string header, string prefix)
    {
        await using ScriptedUpstream vendor = await ScriptedUpstream.StartAsync();
        vendor.Otherwise(call => KeyOn(call, header) == prefix + "key-number-one" ? Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "600"))(call)
            : Answers.Json(provider switch { "anthropic" => Claude, "gemini" => Gemini, _ => OpenAiAnswers.ChatJson("Hi") })(call));
        await using GatewayProcess gateway = await StartAsync(provider, provider == "openai" ? vendor.BaseUrl : vendor.Address, maxRetries: 0);

        Reply first = await gateway.Client.ChatAsync("keyed");
        Reply second = await gateway.Client.ChatAsync("keyed");

        Expect.Ok(first);
        Assert.Equal(2, Expect.Attempts(first));
        Expect.Ok(second);
        Assert.Equal(1, Expect.Attempts(second)); // It stays with the key that works.
        Assert.Equal([prefix + "key-number-one", prefix + "key-number-two", prefix + "key-number-two"], vendor.Calls.Select(call => KeyOn(call, header)));
    }

    [Fact]
    public async Task AllKeys_AreRateLimited_IsA429AndEachWasTriedOnce()
    {
        await using ScriptedUpstream vendor = await ScriptedUpstream.StartAsync();
        vendor.Otherwise(Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "600000")));
        await using GatewayProcess gateway = await StartAsync("openai", vendor.BaseUrl, maxRetries: 2);

        Expect.Error(await gateway.Client.ChatAsync("keyed"), 429, "rate_limit_exceeded");

        Assert.Equal(["Bearer key-number-one", "Bearer key-number-two", "Bearer key-number-three"], vendor.Calls.Select(call => KeyOn(call, "Authorization")));
    }

    [Fact]
    public async Task Key_LimitedInsideAStream_TheNextOneIsUsedAtOnce()
    {
        await using ScriptedUpstream vendor = await ScriptedUpstream.StartAsync();
        vendor.Otherwise(call => KeyOn(call, "Authorization") == "Bearer key-number-one"
            ? Answers.Sse(Step.Send("""data: {"error":{"message":"Slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}""" + "\n\n"))(call)
            : OpenAiAnswers.Default(call));
        await using GatewayProcess gateway = await StartAsync("openai", vendor.BaseUrl, maxRetries: 0);

        await using StreamReply reply = await gateway.Client.StreamChatAsync("keyed");

        Expect.WholeStream(await reply.Events.RestAsync());
        Assert.Equal("2", reply.Header("x-llm-attempts"));
    }

    private static string? KeyOn(UpstreamCall call, string header) =>
        call.Headers.FirstOrDefault(h => h.Key.Equals(header, StringComparison.OrdinalIgnoreCase)).Value;

    private static Task<GatewayProcess> StartAsync(string provider, string address, int maxRetries) => GatewayProcess.StartAsync(new GatewaySettings
    {
        Config = GatewayFixture.Config(new
        {
            Llms = new object[]
            {
                new { Name = "keyed", Provider = provider, Model = "some-model", BaseUrl = address, Auth = new { api_keys = new[] { "key-number-one", "key-number-two", "key-number-three" } } },
            },
            Resilience = new { MaxRetries = maxRetries, BaseDelayMs = 60_000 },
        }),
    });

}
