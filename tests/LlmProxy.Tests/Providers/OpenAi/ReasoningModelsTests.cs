using LlmProxy.Endpoints;
using LlmProxy.Providers.OpenAi;

namespace LlmProxy.Tests.Providers.OpenAi;

public sealed class ReasoningModelsTests
{
    [Theory]
    [InlineData("o1")]
    [InlineData("o1-mini")]
    [InlineData("o3-2025-04-16")]
    [InlineData("O4-mini")]
    [InlineData("gpt-5")]
    [InlineData("gpt-5-mini")]
    [InlineData("gpt-5.4-nano")]
    [InlineData("GPT-6")]
    [InlineData("gpt-10-pro")]
    [InlineData("ft:o4-mini-2025-04-16:org::id")]
    [InlineData("openai/gpt-5")]
    public void DemandCompletionLimit_ReasoningFamilies_Do(string model) => Assert.True(ReasoningModels.DemandCompletionLimit(model));

    [Theory]
    [InlineData("gpt-4o")]
    [InlineData("gpt-4.1-mini")]
    [InlineData("gpt-3.5-turbo")]
    [InlineData("gpt-35-turbo")]
    [InlineData("gpt-oss-20b")]
    [InlineData("chatgpt-4o-latest")]
    [InlineData("ollama")]
    [InlineData("o")]
    [InlineData("")]
    public void DemandCompletionLimit_Others_DoNot(string model) => Assert.False(ReasoningModels.DemandCompletionLimit(model));

    [Fact]
    public void Adjust_ReasoningModel_RenamesTheLimit() =>
        Assert.Equal("{\"max_completion_tokens\":50,\"messages\":[]}", Adjusted.By("openai", EndpointKind.Chat, "{\"max_tokens\":50,\"messages\":[]}", "o3").Text);

    [Fact]
    public void Adjust_BothLimits_KeepsTheNewOne() =>
        Assert.Equal("{\"max_completion_tokens\":9}", Adjusted.By("openai", EndpointKind.Chat, "{\"max_tokens\":50,\"max_completion_tokens\":9}", "gpt-5").Text);

    [Theory]
    [InlineData("gpt-4o")]
    [InlineData("gpt-3.5-turbo")]
    public void Adjust_OlderModel_LeavesTheBodyAlone(string model) =>
        Assert.Equal("{\"max_tokens\":50}", Adjusted.By("openai", EndpointKind.Chat, "{\"max_tokens\":50}", model).Text);

    [Fact]
    public void Adjust_OtherEndpoints_AreLeftAlone() =>
        Assert.Equal("{\"max_tokens\":50}", Adjusted.By("openai", EndpointKind.Completions, "{\"max_tokens\":50}", "o3").Text);
}
