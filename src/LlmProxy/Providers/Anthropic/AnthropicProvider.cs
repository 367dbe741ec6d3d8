using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Anthropic's own API, and servers that speak its dialect at another address. https://platform.claude.com/docs/en/api/overview</summary>
internal sealed class AnthropicProvider : IProvider
{
    private static readonly string[] PastedPaths = ["/messages/count_tokens", "/messages", "/models", "/v1"];

    private readonly AnthropicChat _chat = new(AnthropicDialect.Own);
    private readonly AnthropicTokens _tokens = new(AnthropicDialect.Own);

    public ProviderCard Card { get; } = new()
    {
        Name = "anthropic",
        DefaultBaseUrl = "https://api.anthropic.com",
        AuthKeys = AuthNames.ApiKey,
        Endpoints = [EndpointKind.Chat, EndpointKind.Messages, EndpointKind.CountTokens],
        ProbePath = "v1/models",
        ReportsStreamUsage = false, // Told unasked.
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

    public string? MissingCredential(LlmOptions llm) => ApiKeys.Current(llm.Auth) is null && UsesOwnAddress(llm)
        ? "no credential: set Auth.api_key_env to the variable that holds the anthropic key"
        : null;

    /// <summary>The root: every path of the dialect begins with v1, also at other addresses (https://host/anthropic).</summary>
    public string NormalizeBase(string configured, LlmOptions llm)
    {
        string address = configured.Trim().TrimEnd('/');
        foreach (string path in PastedPaths)
        {
            if (address.EndsWith(path, StringComparison.OrdinalIgnoreCase))
            {
                address = address[..^path.Length].TrimEnd('/');
            }
        }

        return address.Length == 0 ? Card.DefaultBaseUrl! : address;
    }

    public Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}");

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation)
    {
        AnthropicAuth.Apply(request, deployment.Options);
        return ValueTask.CompletedTask;
    }

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts) =>
        exchange.Endpoint == EndpointKind.Messages || exchange.Endpoint == EndpointKind.CountTokens
            ? new AnthropicCall(exchange, target, AnthropicDialect.Own)
            : exchange.Endpoint.TokenFront is not null ? CountCall.Open(exchange, target, _tokens)
            : new TranslatedChat(exchange, target, facts, _chat);

    /// <summary>Others' models behind the dialect are not known to: they might begin anew.</summary>
    public IChatVendor? GoesOn(RouteTarget target) => ClaudeModel.Of(target.Model).TakesBeginning ? _chat : null;

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment)
    {
        if (status == 429 && response.RequestMessage is { } request)
        {
            ApiKeys.Refused(deployment.Options.Auth, AnthropicAuth.KeyOn(request));
        }

        return AnthropicErrors.Read(status, response.Headers, body, deployment.Label);
    }

    private bool UsesOwnAddress(LlmOptions llm)
    {
        IEnumerable<string> addresses = llm.Destinations.Count > 0 ? llm.Destinations : [llm.BaseUrl];
        return addresses.All(address => NormalizeBase(address, llm).Equals(Card.DefaultBaseUrl, StringComparison.OrdinalIgnoreCase));
    }
}
