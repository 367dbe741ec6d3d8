using LlmProxy.Endpoints;

namespace LlmProxy.Providers.LiteLlm;

/// <summary>
/// A LiteLLM proxy: OpenAI's dialect over whatever stands behind it.
/// https://docs.litellm.ai/docs/proxy/health: /health itself calls every model and costs tokens; /health/liveliness does not.
/// </summary>
internal sealed class LiteLlmProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "litellm",
        DefaultBaseUrl = "http://localhost:4000/v1",
        AuthKeys = AuthNames.ApiKey,
        KeyIsOptional = true,
        Endpoints = [.. EndpointKind.OfOpenAi],
    };

    public override Uri ProbeAddress(string baseAddress) => new($"{BaseAddress.Root(baseAddress)}/health/liveliness");

    /// <summary>Liveliness asks for no key.</summary>
    public override Uri CredentialProbeAddress(string baseAddress) => base.ProbeAddress(baseAddress);
}
