using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Vllm;

/// <summary>
/// A vLLM server: the dialect below /v1, its own addresses (/health, /tokenize, /metrics) at the root.
/// https://docs.vllm.ai/en/stable/serving/online_serving.html
/// </summary>
internal sealed class VllmProvider : OpenAiDialectProvider
{
    private OpenAiChatVendor? _chat;

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

    /// <summary>continue_final_message. https://docs.vllm.ai/en/stable/serving/openai_compatible_server/#chat-api</summary>
    public override IChatVendor? GoesOn(RouteTarget target) => _chat ??= new OpenAiChatVendor(this);

    protected override ITokenVendor? Tokens => field ??= new VllmTokens(this);

    /// <summary>Says 503 once the engine is dead, while /v1/models goes on answering.</summary>
    public override Uri ProbeAddress(string baseAddress) => new($"{BaseAddress.Root(baseAddress)}/health");

    /// <summary>/health asks for no key.</summary>
    public override Uri CredentialProbeAddress(string baseAddress) => base.ProbeAddress(baseAddress);
}
