using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers.Custom;

public sealed class CustomProviderTests
{
    [Theory]
    [InlineData("http://localhost:5000", "http://localhost:5000/v1/chat/completions")]
    [InlineData("http://localhost:5000/v1/chat/completions", "http://localhost:5000/v1/chat/completions")]
    [InlineData("http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions")]
    [InlineData("https://relay.test/api/chat/completions/", "https://relay.test/api/chat/completions")]
    public void Address_HoweverWritten_ReachesChat(string written, string called)
    {
        LlmOptions llm = Llm.Of("custom", baseUrl: written);
        OpenAiDialectProvider custom = Llm.Provider("custom");

        Assert.Empty(custom.Check(llm));
        Assert.Equal(called, $"{custom.NormalizeBase(written, llm)}/{custom.PathFor(EndpointKind.Chat, llm, "m")}");
    }

    [Fact]
    public void Adjust_AnyRequest_IsLeftAsItIs()
    {
        const string Json = "{ \"max_tokens\":1, \"max_completion_tokens\":2, \"mode\":\"chat\" }";

        Assert.Equal(Json, Adjusted.By("custom", EndpointKind.Chat, Json, "o3").Text);
    }
}
