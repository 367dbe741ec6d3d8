using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class KnownModelsTests
{
    [Theory]
    [InlineData("openai", "gpt-4o-mini")]
    [InlineData("openai", "GPT-4")]
    [InlineData("OpenAI", "o3-mini")]
    [InlineData("openai", "o1")]
    [InlineData("openai", "text-embedding-3-small")]
    [InlineData("openai", "ft:gpt-4o-mini:org::id")]
    [InlineData("anthropic", "claude-3-opus-20240229")]
    [InlineData("gemini", "gemini-2.5-pro")]
    [InlineData("mistral", "mistral-large-latest")]
    [InlineData("mistral", "codestral-2508")]
    [InlineData("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo")]
    [InlineData("fireworks", "accounts/fireworks/models/deepseek-v3p1")]
    [InlineData("ollama", "llama3.2:3b")]
    [InlineData("ollama", "mistral")]
    [InlineData("vllm", "Qwen/Qwen3-32B")]
    public void Serves_ModelsOfTheVendor_Does(string provider, string model) => Assert.True(KnownModels.Serves(provider, model));

    [Theory]
    [InlineData("openai", "claude-3-opus")]
    [InlineData("openai", "gpt-oss-20b")]
    [InlineData("openai", "gpt")]
    [InlineData("openai", "o1x")]
    [InlineData("openai", "")]
    [InlineData("mistral", "mistral-7b-instruct")]
    [InlineData("mistral", "mistral")]
    [InlineData("anthropic", "gpt-4o")]
    [InlineData("nobody", "gpt-4o")]
    public void Serves_ModelsOfOthers_DoesNot(string provider, string model) => Assert.False(KnownModels.Serves(provider, model));

    [Theory]
    [InlineData("azure")]
    [InlineData("vertex")]
    [InlineData("bedrock")]
    public void Serves_CloudsWithNamesOfTheirOwn_TakeNoBareName(string provider) =>
        Assert.All(["gpt-4o", "claude-3-opus", "gemini-2.5-pro"], model => Assert.False(KnownModels.Serves(provider, model)));

    [Theory]
    [InlineData("litellm")]
    [InlineData("custom")]
    public void Serves_RelaysOfAnyKind_TakeEveryNameInTheFile(string provider)
    {
        Assert.All(["gpt-4o", "claude-3-opus", "llama3", "accounts/fireworks/models/x"], model => Assert.True(KnownModels.Serves(provider, model)));
        Assert.False(KnownModels.Serves(provider, "my-private-model"));
    }

    [Fact]
    public void Knows_OnlyWhatTheFileNames()
    {
        Assert.True(KnownModels.Knows("gpt-4o"));
        Assert.False(KnownModels.Knows("my-private-model"));
    }

    [Fact]
    public void File_EveryProviderInIt_IsOneOfTheCatalog() =>
        Assert.All(
            ["openai", "anthropic", "gemini", "mistral", "together", "fireworks", "ollama", "vllm"],
            name => Assert.True(ProviderCatalog.All.ContainsKey(name)));
}
