using System.Net.Http.Headers;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Dialects.Ollama;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Ollama;

/// <summary>Ollama's native API, on a server in the house or at ollama.com. https://docs.ollama.com/api</summary>
internal sealed class OllamaProvider : IProvider
{
    private readonly OllamaChatVendor _chat = new();
    private readonly OllamaEmbeddings _embeddings = new();

    public ProviderCard Card { get; } = new()
    {
        Name = "ollama",
        DefaultBaseUrl = "http://localhost:11434",
        AuthKeys = AuthNames.ApiKey,
        KeyIsOptional = true,
        IsLocal = true,
        ReportsStreamUsage = false, // The last line of every stream has it, unasked.
        ProbePath = "api/version",
        Endpoints = [EndpointKind.Chat, EndpointKind.Embeddings, EndpointKind.OllamaChat, EndpointKind.OllamaGenerate, EndpointKind.OllamaEmbed, EndpointKind.OllamaEmbeddings],
    };

    public IEnumerable<string> Check(LlmOptions llm)
    {
        if (llm.BaseUrl.Length > 0 && BaseAddress.Problem("BaseUrl", llm.BaseUrl) is { } problem)
        {
            yield return problem;
        }

        for (int i = 0; i < llm.Destinations.Count; i++)
        {
            if (BaseAddress.Problem($"Destinations[{i}]", llm.Destinations[i]) is { } wrong)
            {
                yield return wrong;
            }
        }
    }

    public string NormalizeBase(string configured, LlmOptions llm) => OllamaAddress.Normalize(configured) ?? Card.DefaultBaseUrl!;

    public Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}");

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation)
    {
        if (ApiKeys.Current(deployment.Options.Auth) is { } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return ValueTask.CompletedTask;
    }

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts)
    {
        EndpointKind endpoint = exchange.Endpoint;
        return endpoint.Dialect == OllamaClients.Instance && target.Deployment.Speaks(endpoint) ? new OllamaCall(exchange, target)
            : endpoint.ChatFront is not null ? new TranslatedChat(exchange, target, facts, _chat)
            : endpoint.TokenFront is not null ? CountCall.Open(exchange, target, null)
            : endpoint.EmbeddingFront is not null ? new TranslatedEmbedding(exchange, target, _embeddings)
            : throw new NotSupportedException($"{Card.Name} is never asked for {endpoint}.");
    }

    /// <summary>The assistant's last message is left open. https://github.com/ollama/ollama/issues/6778</summary>
    public IChatVendor? GoesOn(RouteTarget target) => _chat;

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment)
    {
        if (status == 429)
        {
            ApiKeys.Refused(deployment.Options.Auth, response.RequestMessage?.Headers.Authorization?.Parameter);
        }

        return OllamaFailure.Read(status, response.Headers, body, deployment.Label);
    }
}
