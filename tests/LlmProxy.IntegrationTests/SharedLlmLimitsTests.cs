using LlmProxy.TestKit;
using Replicas = LlmProxy.IntegrationTests.SharedLimitsTests.Replicas;

namespace LlmProxy.IntegrationTests;

/// <summary>What an LLM may do, where several replicas on one Redis ask it.</summary>
public sealed class SharedLlmLimitsTests
{
    [RedisFact]
    public async Task LlmThatFailed_WhileAnotherAnswersItsCall_HasItsPlaceForTheNext()
    {
        await using Replicas two = await Replicas.StartAsync(llms: upstream =>
        [
            new { Name = "main", Provider = "custom", Model = "first", upstream.BaseUrl, MaxParallel = 1, Fallbacks = new[] { "spare" } },
            new { Name = "spare", Provider = "custom", Model = "second", upstream.BaseUrl },
        ]);
        var gate = new Gate();
        two.Upstream.On("first", Answers.Error(500, "Broken"));
        two.Upstream.On("second", Answers.After(gate, OpenAiAnswers.Chat("from the spare")));
        Task<Reply> fellBack = two.Gateways[0].Client.ChatAsync("main", ("x-api-key", Replicas.Key));
        await two.Upstream.CallAsync("second");
        two.Upstream.On("first", OpenAiAnswers.Chat("well again"));
        two.Upstream.On("second", OpenAiAnswers.Chat("from the spare"));
        await two.Redis.UntilAsync(async () => await two.Redis.WordAsync("ZCARD", "{test}:until") == "0"); // Nobody waits for it to be given back.

        Reply next = await two.Gateways[1].Client.ChatAsync("main", ("x-api-key", Replicas.Key));
        gate.Open();

        Assert.Equal(("well again", "from the spare"), (next.Content, (await fellBack).Content));
    }

    [RedisFact]
    public async Task FullLlm_WithAnotherBehindIt_IsPassedOverByEveryReplica()
    {
        await using Replicas two = await Replicas.StartAsync(llms: upstream =>
        [
            new { Name = "main", Provider = "custom", Model = "first", upstream.BaseUrl, MaxParallel = 1, Fallbacks = new[] { "spare" } },
            new { Name = "spare", Provider = "custom", Model = "second", upstream.BaseUrl },
        ]);
        var gate = new Gate();
        two.Upstream.On("first", Answers.After(gate, OpenAiAnswers.Chat("from the first")));
        two.Upstream.On("second", OpenAiAnswers.Chat("from the spare"));
        Task<Reply> running = two.Gateways[0].Client.ChatAsync("main", ("x-api-key", Replicas.Key));
        await two.Upstream.CallAsync("first");

        Reply next = await two.Gateways[1].Client.ChatAsync("main", ("x-api-key", Replicas.Key));
        gate.Open();

        Assert.Equal(("from the spare", "from the first"), (next.Content, (await running).Content));
    }
}
