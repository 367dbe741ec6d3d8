#pragma warning disable OPENAI001 // The package marks its Responses as still growing; clients use them all the same.
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using OpenAI.Responses;

namespace LlmProxy.IntegrationTests;

/// <summary>The official OpenAI package for .NET asks vendors that only chat for Responses.</summary>
public sealed class ResponsesDotNetSdkTests(ResponsesFixture fixture) : IClassFixture<ResponsesFixture>
{
    [Fact]
    public async Task Response_IsAnswered()
    {
        ResponseResult answer = await Client().CreateResponseAsync(Options("chats-only", "Hi"));

        Assert.Equal(OpenAiAnswers.Text, answer.GetOutputText());
        Assert.Equal(ResponseStatus.Completed, answer.Status);
        Assert.Equal((9, 4, 2), (answer.Usage.InputTokenCount, answer.Usage.InputTokenDetails.CachedTokenCount, answer.Usage.OutputTokenDetails.ReasoningTokenCount));
    }

    [Fact]
    public async Task Response_Streamed_AddsUpAndCompletes()
    {
        var text = new System.Text.StringBuilder();
        ResponseResult? whole = null;
        CreateResponseOptions options = Options("chats-only", "Hi");
        options.StreamingEnabled = true;

        await foreach (StreamingResponseUpdate update in Client().CreateResponseStreamingAsync(options))
        {
            text.Append((update as StreamingResponseOutputTextDeltaUpdate)?.Delta);
            whole = (update as StreamingResponseCompletedUpdate)?.Response ?? whole;
        }

        Assert.Equal(OpenAiAnswers.Text, text.ToString());
        Assert.Equal(OpenAiAnswers.Text, whole?.GetOutputText());
        Assert.Equal(14, whole?.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task Tools_AreCalled_AndTheirResultsGoBack()
    {
        CreateResponseOptions options = Options("chats-only", "Weather?");
        options.Tools.Add(ResponseTool.CreateFunctionTool("get_weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}"""), strictModeEnabled: false));

        ResponseResult asked = await Client().CreateResponseAsync(options);
        FunctionCallResponseItem[] calls = [.. asked.OutputItems.OfType<FunctionCallResponseItem>()];
        CreateResponseOptions next = Options("chats-only", "Weather?");
        foreach (ResponseItem item in asked.OutputItems.Concat(calls.Select(c => (ResponseItem)ResponseItem.CreateFunctionCallOutputItem(c.CallId, "sun"))))
        {
            next.InputItems.Add(item);
        }

        ResponseResult answer = await Client().CreateResponseAsync(next);

        Assert.Equal(["Paris", "Oslo"], calls.Select(c => JsonNode.Parse(c.FunctionArguments.ToString())!["city"]!.ToString()));
        Assert.Equal(OpenAiAnswers.Text, answer.GetOutputText());
        Assert.Contains(fixture.Upstream.CallsFor("chats-only"), c => c.Json["messages"]!.AsArray() is { Count: 4 } messages
            && messages[1]!["tool_calls"]!.AsArray().Count == 2 && messages[3]!["tool_call_id"]!.ToString() == "call_1");
    }

    [Fact]
    public async Task BrokenStream_EndsInAnErrorUpdate()
    {
        CreateResponseOptions options = Options("dies", "Hi");
        options.StreamingEnabled = true;
        StreamingResponseErrorUpdate? error = null;
        int numbered = 0;

        await foreach (StreamingResponseUpdate update in Client().CreateResponseStreamingAsync(options))
        {
            Assert.Equal(numbered++, update.SequenceNumber);
            error = update as StreamingResponseErrorUpdate ?? error;
        }

        Assert.NotNull(error);
        Assert.Equal("provider_error", error.Code);
    }

    [Fact]
    public async Task PreviousResponse_IsRefusedAsTheCallersMistake()
    {
        CreateResponseOptions options = Options("chats-only", "Hi");
        options.PreviousResponseId = "resp_1";

        ClientResultException failure = await Assert.ThrowsAsync<ClientResultException>(() => Client().CreateResponseAsync(options));

        Assert.Equal(400, failure.Status);
    }

    private static CreateResponseOptions Options(string model, string text) => new() { Model = model, InputItems = { ResponseItem.CreateUserMessageItem(text) } };

    private ResponsesClient Client() => new(
        new ApiKeyCredential(ResponsesFixture.Key),
        new ResponsesClientOptions { Endpoint = new Uri(fixture.Gateway.BaseUrl + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
