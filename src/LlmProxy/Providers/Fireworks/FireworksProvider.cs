using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;

namespace LlmProxy.Providers.Fireworks;

/// <summary>
/// Fireworks. Its images have an API of their own and its audio lives on other hosts (a custom LLM reaches those).
/// https://docs.fireworks.ai/tools-sdks/openai-compatibility
/// </summary>
internal sealed class FireworksProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "fireworks",
        DefaultBaseUrl = "https://api.fireworks.ai/inference/v1",
        AuthKeys = AuthNames.ApiKey,
        Endpoints = [EndpointKind.Chat, EndpointKind.Completions, EndpointKind.Embeddings, EndpointKind.Responses, EndpointKind.Rerank],

        // "Usage stats are returned on streaming responses too, in the final chunk" (openai-compatibility): nothing to ask for.
        ReportsStreamUsage = false,
    };

    protected override string DefaultPath => "/inference/v1";

    public override void Adjust(RequestEdits edits, LlmOptions llm)
    {
        // "Alias for max_tokens. Cannot be specified together with max_tokens."
        // https://docs.fireworks.ai/api-reference/post-chatcompletions
        if ((edits.Endpoint == EndpointKind.Chat || edits.Endpoint == EndpointKind.Completions) && edits.Has("max_completion_tokens"u8))
        {
            edits.Remove("max_tokens"u8);
        }
    }
}
