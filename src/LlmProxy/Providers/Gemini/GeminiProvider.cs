using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Gemini;

/// <summary>Google's Gemini API for developers, called with a key. https://ai.google.dev/api</summary>
internal sealed class GeminiProvider : IProvider
{
    private const string KeyHeader = "x-goog-api-key";
    private const string Version = "/v1beta";

    private readonly GeminiChat _chat = new(GoogleApi.Developer, PathFor);
    private readonly GeminiTokens _counts = new(GoogleApi.Developer, PathFor);
    private readonly GeminiEmbeddings _embeddings = new();

    public ProviderCard Card { get; } = new()
    {
        Name = "gemini",
        DefaultBaseUrl = "https://generativelanguage.googleapis.com" + Version,
        AuthKeys = AuthNames.ApiKey,
        Endpoints = [EndpointKind.Chat, EndpointKind.Embeddings],
        ReportsStreamUsage = false, // Told unasked.
    };

    public IEnumerable<string> Check(LlmOptions llm) => GoogleAddresses.Check(llm);

    public string? MissingCredential(LlmOptions llm) =>
        ApiKeys.Current(llm.Auth) is null && !GoogleAddresses.IsOverridden(llm, address => NormalizeBase(address, llm), Card.DefaultBaseUrl!)
            ? "no credential: set Auth.api_key_env to the variable that holds the gemini key"
            : null;

    public string NormalizeBase(string configured, LlmOptions llm)
    {
        if (string.IsNullOrWhiteSpace(configured))
        {
            return Card.DefaultBaseUrl!;
        }

        string address = BaseAddress.Normalize(configured, Version);
        return address.EndsWith("/openai", StringComparison.OrdinalIgnoreCase) ? address[..^7] : address; // The page of Google's OpenAI address shows it so.
    }

    public Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}?pageSize=1");

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation)
    {
        if (ApiKeys.Current(deployment.Options.Auth) is { } key)
        {
            request.Headers.Remove(KeyHeader);
            request.Headers.TryAddWithoutValidation(KeyHeader, key);
        }

        return ValueTask.CompletedTask;
    }

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts)
    {
        EndpointKind endpoint = exchange.Endpoint;
        return endpoint.EmbeddingFront is not null ? new TranslatedEmbedding(exchange, target, _embeddings)
            : endpoint.TokenFront is not null ? CountCall.Open(exchange, target, _counts)
            : new TranslatedChat(exchange, target, facts, _chat);
    }

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment)
    {
        VendorFailure failure = GeminiErrors.Read(status, response.Headers, body, deployment.Label);
        if (status == 429 && response.RequestMessage is { } request)
        {
            ApiKeys.Refused(deployment.Options.Auth, request.Headers.TryGetValues(KeyHeader, out IEnumerable<string>? keys) ? keys.FirstOrDefault() : null);
        }

        return failure;
    }

    private static string PathFor(ChatTurn turn, string action) => GeminiAddress.For(turn.Target.Model, action);
}
