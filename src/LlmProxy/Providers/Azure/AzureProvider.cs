using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers.OpenAi;

namespace LlmProxy.Providers.Azure;

/// <summary>
/// Azure OpenAI: models are called by their deployment's name, in the newer /openai/v1/ form or, with a dated
/// api_version, below deployments/. https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
/// </summary>
internal sealed class AzureProvider(TimeProvider time) : OpenAiDialectProvider
{
    private readonly FreshTokens _tokens = new(
        time,
        "No Entra ID token for Azure could be had. Set Auth.api_key_env, or give this machine an identity (managed identity, AZURE_CLIENT_ID and its companions, az login) with the role Cognitive Services OpenAI User.",
        FetchFromEntraAsync);

    public override ProviderCard Card { get; } = new()
    {
        Name = "azure",
        AuthKeys = AuthNames.Of("api_key", "deployment", "api_version"),

        // Without a key the machine's own identity signs in.
        KeyIsOptional = true,
        Endpoints =
        [
            EndpointKind.Chat, EndpointKind.Completions, EndpointKind.Embeddings, EndpointKind.Responses,
            EndpointKind.Images, EndpointKind.Transcriptions, EndpointKind.Speech,
        ],
        ProbePath = "openai/v1/models",
    };

    protected override bool MayHaveQuery => true;

    public override IEnumerable<string> Check(LlmOptions llm)
    {
        foreach (string problem in base.Check(llm))
        {
            yield return problem;
        }

        if (llm.Model == "*" && ConfiguredDeployment(llm) is { } deployment)
        {
            yield return $"Model is \"*\", but Auth.deployment or BaseUrl names the one deployment \"{deployment}\"; leave one of them out";
        }
    }

    public override string NormalizeBase(string configured, LlmOptions llm) => AzureAddress.Parse(configured).Resource;

    public override string PathFor(EndpointKind endpoint, LlmOptions llm, string model)
    {
        if (ApiVersion(llm) is not { } version)
        {
            return $"openai/v1/{endpoint.Path}";
        }

        string query = $"?api-version={Uri.EscapeDataString(version)}";

        // Responses belong to the resource and read the deployment from the body.
        // https://learn.microsoft.com/azure/ai-services/openai/reference-preview
        return endpoint == EndpointKind.Responses
            ? $"openai/{endpoint.Path}{query}"
            : $"openai/deployments/{Uri.EscapeDataString(ModelInBody(llm, model))}/{endpoint.Path}{query}";
    }

    public override string ModelInBody(LlmOptions llm, string model) => ConfiguredDeployment(llm) ?? model;

    public override ValueTask AuthorizeAsync(HttpRequestMessage request, LlmOptions llm, CancellationToken cancellation)
    {
        if (ApiKeys.Current(llm.Auth) is not { } key)
        {
            return SignInAsync(request, cancellation);
        }

        request.Headers.Remove("api-key");
        request.Headers.TryAddWithoutValidation("api-key", key);
        return ValueTask.CompletedTask;
    }

    public override void Adjust(RequestEdits edits, LlmOptions llm)
    {
        // A deployment may be called anything; the LLM's Model is the better witness when both are written.
        if (edits.Endpoint == EndpointKind.Chat
            && (ReasoningModels.DemandCompletionLimit(edits.Model) || ReasoningModels.DemandCompletionLimit(ModelInBody(llm, edits.Model))))
        {
            ReasoningModels.RenameLimit(edits);
        }
    }

    protected override string? KeyOn(HttpRequestMessage request) =>
        request.Headers.TryGetValues("api-key", out IEnumerable<string>? keys) ? keys.FirstOrDefault() : null;

    private async ValueTask SignInAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await _tokens.GetAsync(cancellation)).Value);

    // Azure.Identity is large: it is loaded by the first LLM that needs it, never at start.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ValueTask<BearerToken> FetchFromEntraAsync(CancellationToken cancellation) => EntraCredential.FetchAsync(cancellation);

    private static string? ConfiguredDeployment(LlmOptions llm) => llm.Auth.Get("deployment") ?? Written(llm)?.Deployment;

    /// <summary>Null or anything undated ("v1", "latest", "preview"): the v1 form.</summary>
    private static string? ApiVersion(LlmOptions llm)
    {
        string? version = llm.Auth.Get("api_version") ?? Written(llm)?.ApiVersion;
        return version is { Length: > 0 } && char.IsAsciiDigit(version[0]) ? version : null;
    }

    private static AzureAddress? Written(LlmOptions llm)
    {
        string address = llm.Destinations.Count > 0 ? llm.Destinations[0] : llm.BaseUrl;
        return address.Contains('?', StringComparison.Ordinal) || address.Contains("/deployments/", StringComparison.OrdinalIgnoreCase)
            ? AzureAddress.Parse(address)
            : null;
    }
}
