using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;

namespace LlmProxy.IntegrationTests;

/// <summary>The official OpenAI package for .NET, unmodified, through the gateway.</summary>
public sealed class OpenAiDotNetSdkTests(OpenAiDotNetSdkTests.Fixture fixture) : IClassFixture<OpenAiDotNetSdkTests.Fixture>
{
    private const string Key = "sk-dotnet-caller-0123456789";

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather", "The weather in a city.",
        BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"""));

    [Fact]
    public async Task Models_AreListedAndFound()
    {
        OpenAIModelClient models = Sdk().GetOpenAIModelClient();

        OpenAIModelCollection all = await models.GetModelsAsync();
        OpenAIModel one = await models.GetModelAsync("gpt-4o");

        Assert.Contains(all, m => m.Id == "gpt-4o" && m.OwnedBy == "openai");
        Assert.Equal("gpt-4o", one.Id);
    }

    [Fact]
    public async Task Chat_IsAnswered()
    {
        ChatCompletion answer = await Chat("gpt-4o").CompleteChatAsync(new SystemChatMessage("Be brief."), new UserChatMessage("Hi"));

        Assert.Equal(OpenAiAnswers.Text, answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(9, answer.Usage.InputTokenCount);
        Assert.Equal(4, answer.Usage.InputTokenDetails.CachedTokenCount);
        Assert.Equal(2, answer.Usage.OutputTokenDetails.ReasoningTokenCount);
    }

    [Fact]
    public async Task Chat_Streamed_ComesWithUsage()
    {
        var text = new System.Text.StringBuilder();
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;

        // This client asks for usage in every stream.
        await foreach (StreamingChatCompletionUpdate update in Chat("gpt-4o").CompleteChatStreamingAsync(new UserChatMessage("Hi")))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(OpenAiAnswers.Text, text.ToString());
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.Equal(14, usage?.TotalTokenCount);
    }

    [Fact]
    public async Task Tools_AreCalledInParallel()
    {
        ChatCompletion answer = await Chat("gpt-4o").CompleteChatAsync([new UserChatMessage("The weather in Paris and Oslo?")], new ChatCompletionOptions { Tools = { Weather } });

        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        Assert.Equal(["Paris", "Oslo"], answer.ToolCalls.Select(c => CityOf(c.FunctionArguments.ToString())));
        Assert.All(answer.ToolCalls, c => Assert.Equal("get_weather", c.FunctionName));
    }

    [Fact]
    public async Task Tools_Streamed_AddUpToTheirArguments()
    {
        var arguments = new SortedDictionary<int, string>();
        var ids = new SortedDictionary<int, string>();

        await foreach (StreamingChatCompletionUpdate update in Chat("gpt-4o").CompleteChatStreamingAsync(
            [new UserChatMessage("The weather in Paris and Oslo?")], new ChatCompletionOptions { Tools = { Weather }, AllowParallelToolCalls = true }))
        {
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                arguments[call.Index] = arguments.GetValueOrDefault(call.Index, "") + call.FunctionArgumentsUpdate;
                ids.TryAdd(call.Index, call.ToolCallId);
            }
        }

        Assert.Equal(["Paris", "Oslo"], arguments.Values.Select(CityOf));
        Assert.Equal(["call_0", "call_1"], ids.Values);
    }

    [Fact]
    public async Task Conversation_WithToolResults_GoesUpWhole()
    {
        ChatCompletion asked = await Chat("gpt-4o").CompleteChatAsync([new UserChatMessage("Weather?")], new ChatCompletionOptions { Tools = { Weather } });

        ChatCompletion answer = await Chat("gpt-4o").CompleteChatAsync(
            new UserChatMessage("Weather?"), new AssistantChatMessage(asked),
            new ToolChatMessage(asked.ToolCalls[0].Id, "sunny"), new ToolChatMessage(asked.ToolCalls[1].Id, "rain"));

        Assert.Equal(OpenAiAnswers.Text, answer.Content[0].Text);
        Assert.Contains(fixture.Upstream.CallsFor("gpt-4o"), c => c.Json["messages"]!.AsArray().Count == 4 && c.Json["messages"]![2]!["tool_call_id"]!.ToString() == "call_0");
    }

    [Fact]
    public async Task JsonSchema_IsAskedForAndComes()
    {
        var options = new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                "weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"},"degrees":{"type":"number"}},"required":["city","degrees"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
        };

        ChatCompletion answer = await Chat("gpt-4o").CompleteChatAsync([new UserChatMessage("The weather?")], options);

        Assert.Equal("Paris", CityOf(answer.Content[0].Text));
    }

    [Fact]
    public async Task Embeddings_AreReadAsTheirNumbers()
    {
        EmbeddingClient client = Sdk().GetEmbeddingClient("text-embedding-3-small");

        OpenAIEmbeddingCollection embeddings = await client.GenerateEmbeddingsAsync(["one", "two"], new EmbeddingGenerationOptions { Dimensions = 4 });

        Assert.Equal(2, embeddings.Count);
        Assert.Equal(OpenAiAnswers.Vector, embeddings[1].ToFloats().ToArray());
        Assert.Equal(8, embeddings.Usage.TotalTokenCount);
    }

    [Theory]
    [InlineData("refuses-400", 400)]
    [InlineData("no-such-model", 404)]
    [InlineData("refuses-429", 429)]
    [InlineData("refuses-500", 502)]
    public async Task Failure_IsAnExceptionWithItsStatus(string model, int status)
    {
        ClientResultException failure = await Assert.ThrowsAsync<ClientResultException>(() => Chat(model).CompleteChatAsync(new UserChatMessage("Hi")));

        Assert.Equal(status, failure.Status);
        Assert.NotNull(failure.GetRawResponse()?.Headers.TryGetValue("x-request-id", out string? id) == true ? id : null);
    }

    [Fact]
    public async Task WrongKey_IsA401Exception()
    {
        ClientResultException failure = await Assert.ThrowsAsync<ClientResultException>(
            () => Sdk("sk-wrong").GetChatClient("gpt-4o").CompleteChatAsync(new UserChatMessage("Hi")));

        Assert.Equal(401, failure.Status);
    }

    [Fact]
    public async Task RateLimit_WithAdvice_IsRetriedByTheSdkItself()
    {
        fixture.Upstream.Once("retried", Answers.Error(429, "Slow down", null, ("Retry-After", "1")));
        ChatClient patient = new OpenAIClient(new ApiKeyCredential(Key), Options(new ClientRetryPolicy(1))).GetChatClient("retried");

        ChatCompletion answer = await patient.CompleteChatAsync(new UserChatMessage("Hi"));

        Assert.Equal(OpenAiAnswers.Text, answer.Content[0].Text);
        Assert.Equal(2, fixture.Upstream.CallsFor("retried").Count);
    }

    [Fact]
    public async Task Cancellation_OfAStream_ReachesTheVendor()
    {
        fixture.Upstream.On("endless", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("first")), Step.Hang));
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate _ in Chat("endless").CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });

        await (await fixture.Upstream.CallAsync("endless")).Aborted;
    }

    [Fact]
    public async Task Cancellation_OfAPlainCall_ReachesTheVendor()
    {
        fixture.Upstream.On("hangs", Answers.HangBeforeHeaders);
        using var cancel = new CancellationTokenSource();
        Task<ClientResult<ChatCompletion>> waiting = Chat("hangs").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: cancel.Token);
        UpstreamCall call = await fixture.Upstream.CallAsync("hangs");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await call.Aborted;
    }

    private static string CityOf(string json) => JsonNode.Parse(json)!["city"]!.ToString();

    private ChatClient Chat(string model) => Sdk().GetChatClient(model);

    private OpenAIClient Sdk(string key = Key) => new(new ApiKeyCredential(key), Options(new ClientRetryPolicy(0)));

    private OpenAIClientOptions Options(ClientRetryPolicy retries) =>
        new() { Endpoint = new Uri(fixture.Gateway.BaseUrl + "/v1"), RetryPolicy = retries };

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings()
        {
            Upstream.On("refuses-400", Answers.Error(400, "Unsupported value", "unsupported_value"));
            Upstream.On("refuses-429", Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "7")));
            Upstream.On("refuses-500", Answers.Error(500, "The server had an error"));
            string[] models = ["gpt-4o", "text-embedding-3-small", "refuses-400", "refuses-429", "refuses-500", "retried", "endless", "hangs"];
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[] { new { Name = "dotnet", Key } },
                    Llms = models.Select(m => new { Name = m, Provider = "openai", Model = m, Upstream.BaseUrl, Auth = new { api_key = "sk-vendor" } }),
                    Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
                }),
            };
        }
    }
}
