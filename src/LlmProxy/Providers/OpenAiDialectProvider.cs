using System.Net.Http.Headers;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;

namespace LlmProxy.Providers;

/// <summary>What all vendors of OpenAI's dialect share; each overrides only what it does differently.</summary>
internal abstract class OpenAiDialectProvider : IProvider
{
    public abstract ProviderCard Card { get; }

    /// <summary>Where the dialect begins on a server whose address was written without a path.</summary>
    protected virtual string DefaultPath => "/v1";

    protected virtual bool MayHaveQuery => false;

    public virtual IEnumerable<string> Check(LlmOptions llm)
    {
        foreach ((string key, string address) in Addresses(llm))
        {
            if (BaseAddress.Problem(key, address, MayHaveQuery) is { } problem)
            {
                yield return problem;
            }
        }

        if (llm.BaseUrl.Length == 0 && llm.Destinations.Count == 0 && Card.DefaultBaseUrl is null)
        {
            yield return $"BaseUrl is missing: provider {Card.Name} has no address of its own";
        }
    }

    public virtual string? MissingCredential(LlmOptions llm) => NeedsKey(llm) && ApiKeys.Current(llm.Auth) is null
        ? $"no credential: set Auth.api_key_env to the variable that holds the {Card.Name} key"
        : null;

    public virtual string NormalizeBase(string configured, LlmOptions llm) =>
        string.IsNullOrWhiteSpace(configured) ? Card.DefaultBaseUrl ?? "" : BaseAddress.Normalize(configured, DefaultPath);

    public virtual string PathFor(EndpointKind endpoint, LlmOptions llm, string model) => endpoint.Path;

    public virtual Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}");

    public virtual Uri CredentialProbeAddress(string baseAddress) => ProbeAddress(baseAddress);

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation) =>
        AuthorizeAsync(request, deployment.Options, cancellation);

    public virtual ValueTask AuthorizeAsync(HttpRequestMessage request, LlmOptions llm, CancellationToken cancellation)
    {
        if (ApiKeys.Current(llm.Auth) is { } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The name that the body's "model" carries, when it is not the LLM's own.</summary>
    public virtual string ModelInBody(LlmOptions llm, string model) => model;

    /// <summary>OpenAI's own models take no beginning of an answer; servers that do each have their own word for it.</summary>
    public virtual IChatVendor? GoesOn(RouteTarget target) => null;

    /// <summary>Who counts a conversation's tokens; null: the gateway does.</summary>
    protected virtual ITokenVendor? Tokens => null;

    /// <summary>Says the request in the vendor's words, where those differ.</summary>
    public virtual void Adjust(RequestEdits edits, LlmOptions llm)
    {
    }

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts)
    {
        EndpointKind endpoint = exchange.Endpoint;
        return target.Deployment.Speaks(endpoint) ? new OpenAiCall(exchange, target, this)
            : endpoint.ChatFront is not null ? new TranslatedChat(exchange, target, facts, new OpenAiChatVendor(this))
            : endpoint.TokenFront is not null ? CountCall.Open(exchange, target, Tokens)
            : endpoint.EmbeddingFront is not null ? new TranslatedEmbedding(exchange, target, new EmbeddingVendor(this))
            : throw new NotSupportedException($"{Card.Name} is never asked for {endpoint}.");
    }

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment)
    {
        if (status == 429 && response.RequestMessage is { } request)
        {
            ApiKeys.Refused(deployment.Options.Auth, KeyOn(request));
        }

        return OpenAiFailure.Read(status, response.Headers, body, deployment.Label);
    }

    /// <summary>The credential that a request was sent with.</summary>
    protected virtual string? KeyOn(HttpRequestMessage request) => request.Headers.Authorization?.Parameter;

    /// <summary>At the vendor's own address a key is needed; whoever wrote another address knows whether it takes one.</summary>
    private bool NeedsKey(LlmOptions llm)
    {
        if (Card.KeyIsOptional)
        {
            return false;
        }

        foreach ((_, string address) in Addresses(llm))
        {
            if (!NormalizeBase(address, llm).Equals(Card.DefaultBaseUrl, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<(string Key, string Address)> Addresses(LlmOptions llm)
    {
        if (llm.BaseUrl.Length > 0)
        {
            yield return ("BaseUrl", llm.BaseUrl);
        }

        for (int i = 0; i < llm.Destinations.Count; i++)
        {
            yield return ($"Destinations[{i}]", llm.Destinations[i]);
        }
    }
}
