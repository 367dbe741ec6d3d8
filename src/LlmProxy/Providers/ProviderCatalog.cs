using System.Collections.Frozen;
using LlmProxy.Endpoints;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Providers.Azure;
using LlmProxy.Providers.Custom;
using LlmProxy.Providers.Dummy;
using LlmProxy.Providers.Fireworks;
using LlmProxy.Providers.Gemini;
using LlmProxy.Providers.LiteLlm;
using LlmProxy.Providers.Mistral;
using LlmProxy.Providers.Ollama;
using LlmProxy.Providers.OpenAi;
using LlmProxy.Providers.Together;
using LlmProxy.Providers.Vllm;

namespace LlmProxy.Providers;

/// <summary>Every vendor by the name that an LLM's Provider holds.</summary>
internal static class ProviderCatalog
{
    private static readonly FrozenSet<EndpointKind> Talking = [EndpointKind.Chat, EndpointKind.Completions, EndpointKind.Embeddings, EndpointKind.Responses];

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
        new OllamaProvider(),
        new AnthropicProvider(),
        Planned("bedrock", "https://bedrock-runtime.{region}.amazonaws.com", ["access_key_id", "secret_access_key", "session_token", "region", "bearer_token"]),
        Planned("vertex", "https://{location}-aiplatform.googleapis.com", ["project", "location", "credentials_file", "access_token"]),
        new GeminiProvider(),
    }.ToFrozenDictionary(provider => provider.Card.Name, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<ProviderCard> Cards => All.Values.Select(provider => provider.Card);

    private static PlannedProvider Planned(string name, string baseUrl, string[] authKeys, string probe = "models", bool isLocal = false, bool keyIsOptional = false) =>
        new(new ProviderCard
        {
            Name = name,
            DefaultBaseUrl = baseUrl,
            AuthKeys = AuthNames.Of(authKeys),
            Endpoints = Talking,
            ProbePath = probe,
            IsSpoken = false,
            IsLocal = isLocal,
            KeyIsOptional = keyIsOptional,
        });
}
