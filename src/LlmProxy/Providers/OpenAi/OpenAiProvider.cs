using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;

namespace LlmProxy.Providers.OpenAi;

/// <summary>OpenAI itself: everything of its own dialect, nothing of rerank.</summary>
internal sealed class OpenAiProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "openai",
        DefaultBaseUrl = "https://api.openai.com/v1",
        AuthKeys = AuthNames.Of("api_key", "organization"),
        Endpoints =
        [
            EndpointKind.Chat, EndpointKind.Completions, EndpointKind.Embeddings, EndpointKind.Responses, EndpointKind.ResponsesInputTokens,
            EndpointKind.Moderations, EndpointKind.Images, EndpointKind.Transcriptions, EndpointKind.Speech,
        ],
    };

    public override ValueTask AuthorizeAsync(HttpRequestMessage request, LlmOptions llm, CancellationToken cancellation)
    {
        if (llm.Auth.Get("organization") is { } organization)
        {
            request.Headers.Remove("OpenAI-Organization");
            request.Headers.TryAddWithoutValidation("OpenAI-Organization", organization);
        }

        return base.AuthorizeAsync(request, llm, cancellation);
    }

    public override void Adjust(RequestEdits edits, LlmOptions llm)
    {
        if (edits.Endpoint == EndpointKind.Chat && ReasoningModels.DemandCompletionLimit(edits.Model))
        {
            ReasoningModels.RenameLimit(edits);
        }
    }
}
