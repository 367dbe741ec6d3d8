using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Vllm;
using LlmProxy.Routing;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Conversation;

public sealed class CountCallTests
{
    private const string Request = """{"model":"x","messages":[{"role":"user","content":"How many \"gulls\" \ud83d\ude42 are there?"}],"temperature":1}""";

    [Fact]
    public void Count_VendorThatCannotCount_IsCountedHereWithoutAnyRequest()
    {
        using CountCall call = Open("openai", "gpt-4o", vendor: null);
        Assert.Equal(0, call.Requests);

        using var client = new PooledWriter();
        PlainAnswer answer = call.ReadAnswer([], client);
        Assert.Null(answer.Failure);
        Assert.Null(answer.Usage);

        // 3 for the message, 1 for its role, 10 for the text, 3 for the answer.
        Assert.Equal("""{"count":17}""", Encoding.UTF8.GetString(client.Written));
    }

    [Fact]
    public void Count_VendorThatCounts_IsAsked()
    {
        RouteTarget target = Turns.Target("vllm", "qwen", llm => llm.BaseUrl = "http://gpu:8000/v1");
        var exchange = Turns.Exchange(Request);
        using var call = new CountCall(exchange, target, new VllmTokens((VllmProvider)target.Deployment.Provider), new CountFront());
        Assert.Equal(1, call.Requests);
        Assert.Equal("http://gpu:8000/tokenize", new Uri($"http://gpu:8000/v1/{call.Path}").AbsoluteUri);

        using JsonDocument body = JsonDocument.Parse(Turns.Body(call));
        Assert.Equal("qwen", body.RootElement.GetProperty("model").GetString());
        Assert.Equal("How many \"gulls\" 🙂 are there?", body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal("""{"count":9}""", Turns.Whole(call, """{"tokens":[1,2],"max_model_len":4096,"count":9}"""u8.ToArray()).Text);
    }

    [Theory]
    [InlineData("""{"tokens":[1]}""")]
    [InlineData("""{"count":"9"}""")]
    [InlineData("<html>")]
    [InlineData("")]
    public void Count_AnswerWithoutACount_IsTheVendorsFault(string answer)
    {
        RouteTarget target = Turns.Target("vllm", "qwen", llm => llm.BaseUrl = "http://gpu:8000/v1");
        using CountCall call = Open("vllm", "qwen", new VllmTokens((VllmProvider)target.Deployment.Provider));
        Assert.Equal(ErrorCode.InvalidProviderResponse, Turns.Whole(call, Encoding.UTF8.GetBytes(answer)).Failure?.Code);
    }

    private static CountCall Open(string provider, string model, ITokenVendor? vendor) =>
        new(Turns.Exchange(Request), Turns.Target(provider, model), vendor, new CountFront());

    private sealed class CountFront : ITokenFront
    {
        public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => null;

        public void Write(long inputTokens, IBufferWriter<byte> output) =>
            output.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"count":{{inputTokens}}}""")));
    }
}
