using LlmProxy.Endpoints;

namespace LlmProxy.Providers.Custom;

/// <summary>Any server of OpenAI's dialect: text-generation-webui, LM Studio, llama.cpp, Ollama's /v1, another gateway.</summary>
internal sealed class CustomProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "custom",
        AuthKeys = AuthNames.ApiKey,
        KeyIsOptional = true,
        Endpoints = [.. EndpointKind.OfOpenAi],
    };
}
