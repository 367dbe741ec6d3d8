using LlmProxy.Conversation;
using LlmProxy.Endpoints;

namespace LlmProxy.Providers.Vllm;

/// <summary>
/// A vLLM server: the dialect below /v1, its own addresses (/health, /tokenize, /metrics) at the root.
/// https://docs.vllm.ai/en/stable/serving/online_serving.html
/// </summary>
internal sealed class VllmProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "vllm",
        DefaultBaseUrl = "http://localhost:8000/v1",
        AuthKeys = AuthNames.ApiKey,
        KeyIsOptional = true,
        IsLocal = true,
        Endpoints =
        [
            EndpointKind.Chat, EndpointKind.Completions, EndpointKind.Embeddings, EndpointKind.Responses,
            EndpointKind.Transcriptions, EndpointKind.Rerank,
        ],
    };

    protected override ITokenVendor? Tokens => field ??= new VllmTokens(this);

    /// <summary>Says 503 once the engine is dead, while /v1/models goes on answering.</summary>
    public override Uri ProbeAddress(string baseAddress) => new($"{BaseAddress.Root(baseAddress)}/health");

    /// <summary>/health asks for no key.</summary>
    public override Uri CredentialProbeAddress(string baseAddress) => base.ProbeAddress(baseAddress);
}
