using System.Collections.Frozen;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Providers.Azure;
using LlmProxy.Providers.Bedrock;
using LlmProxy.Providers.Custom;
using LlmProxy.Providers.Dummy;
using LlmProxy.Providers.Fireworks;
using LlmProxy.Providers.Gemini;
using LlmProxy.Providers.LiteLlm;
using LlmProxy.Providers.Mistral;
using LlmProxy.Providers.Ollama;
using LlmProxy.Providers.OpenAi;
using LlmProxy.Providers.Together;
using LlmProxy.Providers.Vertex;
using LlmProxy.Providers.Vllm;

namespace LlmProxy.Providers;

/// <summary>Every vendor by the name that an LLM's Provider holds.</summary>
internal static class ProviderCatalog
{
    public static IReadOnlyDictionary<string, IProvider> All { get; } = new IProvider[]
    {
        new OpenAiProvider(),
        new AzureProvider(TimeProvider.System),
        new MistralProvider(),
        new TogetherProvider(),
        new FireworksProvider(),
        new VllmProvider(),
        new LiteLlmProvider(),
        new CustomProvider(),
        new DummyProvider(),
        new AnthropicProvider(),
        new BedrockProvider(TimeProvider.System),
        new VertexProvider(TimeProvider.System),
        new GeminiProvider(),
        new OllamaProvider(),
    }.ToFrozenDictionary(provider => provider.Card.Name, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<ProviderCard> Cards => All.Values.Select(provider => provider.Card);
}
