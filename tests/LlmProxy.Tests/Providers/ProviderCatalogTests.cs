using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers;

public sealed class ProviderCatalogTests
{
    private static readonly string[] Names = ["anthropic", "azure", "bedrock", "custom", "dummy", "fireworks", "gemini", "litellm", "mistral", "ollama", "openai", "together", "vertex", "vllm"];

    [Fact]
    public void All_EveryNameOfTheContract_IsKnownWithoutRegardToCase()
    {
        Assert.Equal(Names, ProviderCatalog.Cards.Select(c => c.Name).Order(StringComparer.Ordinal));
        Assert.Same(ProviderCatalog.All["openai"], ProviderCatalog.All["OpenAI"]);
    }

    [Theory]
    [InlineData("openai", "https://api.openai.com/v1", "api_key,organization")]
    [InlineData("azure", null, "api_key,api_version,deployment")]
    [InlineData("anthropic", "https://api.anthropic.com", "api_key")]
    [InlineData("bedrock", "https://bedrock-runtime.{region}.amazonaws.com", "access_key_id,bearer_token,region,secret_access_key,session_token")]
    [InlineData("vertex", "https://{location}-aiplatform.googleapis.com", "access_token,credentials_file,location,project")]
    [InlineData("gemini", "https://generativelanguage.googleapis.com/v1beta", "api_key")]
    [InlineData("mistral", "https://api.mistral.ai/v1", "api_key")]
    [InlineData("together", "https://api.together.xyz/v1", "api_key")]
    [InlineData("fireworks", "https://api.fireworks.ai/inference/v1", "api_key")]
    [InlineData("ollama", "http://localhost:11434", "api_key")]
    [InlineData("vllm", "http://localhost:8000/v1", "api_key")]
    [InlineData("litellm", "http://localhost:4000/v1", "api_key")]
    [InlineData("custom", null, "api_key")]
    public void Card_AddressAndCredentials_AreTheContracts(string name, string? address, string authKeys)
    {
        ProviderCard card = ProviderCatalog.All[name].Card;

        Assert.Equal(address, card.DefaultBaseUrl);
        Assert.Equal(authKeys, string.Join(',', card.AuthKeys.Order(StringComparer.Ordinal)));
        if (address?.Contains('{', StringComparison.Ordinal) != true)
        {
            Assert.Equal(address ?? "", ProviderCatalog.All[name].NormalizeBase("", Llm.Of(name)));
        }
    }

    [Fact]
    public void Card_LocalAndKeyless_AreTheOnesThatRunInTheHouse()
    {
        Assert.Equal(["ollama", "vllm"], ProviderCatalog.Cards.Where(c => c.IsLocal).Select(c => c.Name).Order(StringComparer.Ordinal));
        Assert.All(["custom", "vllm", "litellm", "ollama", "dummy"], name => Assert.True(ProviderCatalog.All[name].Card.KeyIsOptional));
        Assert.All(["openai", "mistral", "together", "fireworks", "anthropic", "gemini"], name => Assert.False(ProviderCatalog.All[name].Card.KeyIsOptional));
    }

    [Theory]
    [InlineData("openai", "chat,completions,embeddings,images,moderations,responses,responses_input_tokens,speech,transcriptions")]
    [InlineData("azure", "chat,completions,embeddings,images,responses,speech,transcriptions")]
    [InlineData("mistral", "chat,embeddings,moderations,transcriptions")]
    [InlineData("together", "chat,completions,embeddings,images,rerank,speech,transcriptions")]
    [InlineData("fireworks", "chat,completions,embeddings,rerank,responses")]
    [InlineData("vllm", "chat,completions,embeddings,rerank,responses,transcriptions")]
    public void Card_Endpoints_AreThoseThatTheVendorHas(string name, string endpoints) =>
        Assert.Equal(endpoints, string.Join(',', ProviderCatalog.All[name].Card.Endpoints.Select(e => e.Name).Order(StringComparer.Ordinal)));

    [Theory]
    [InlineData("litellm")]
    [InlineData("custom")]
    [InlineData("dummy")]
    public void Card_ServersOfAnyKind_HaveEveryEndpoint(string name) => Assert.Equal(EndpointKind.OfOpenAi.Count, ProviderCatalog.All[name].Card.Endpoints.Count);
}
