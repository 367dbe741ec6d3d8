using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Bedrock;

/// <summary>Amazon Bedrock by its own HTTP API. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html</summary>
internal sealed class BedrockProvider : IProvider
{
    private const string Region = "{region}";
    private const string RegionIsMissing = "no region: set Auth.region_env to the variable that holds the AWS region, or AWS_REGION";

    private readonly BedrockAuth _auth;
    private readonly BedrockChat _chat = new();
    private readonly BedrockEmbeddings _embeddings = new();

    public BedrockProvider(TimeProvider time, Func<CancellationToken, Task<AwsKeys>>? fetchKeys = null) =>
        _auth = new BedrockAuth(time, new AwsKeyRing(time, fetchKeys ?? AwsChain.FetchAsync));

    public ProviderCard Card { get; } = new()
    {
        Name = "bedrock",
        DefaultBaseUrl = $"https://bedrock-runtime.{Region}.amazonaws.com",
        AuthKeys = AuthNames.Of("access_key_id", "secret_access_key", "session_token", "region", "bearer_token"),
        Endpoints = [EndpointKind.Chat, EndpointKind.Embeddings],
        ReportsStreamUsage = false, // Told unasked.
        SignsBody = true,
        ProbePath = "ping",
    };

    public IEnumerable<string> Check(LlmOptions llm)
    {
        if (llm.BaseUrl.Length > 0 && BaseAddress.Problem("BaseUrl", WithRegion(llm.BaseUrl, "us-east-1")) is { } problem)
        {
            yield return problem;
        }

        for (int i = 0; i < llm.Destinations.Count; i++)
        {
            if (BaseAddress.Problem($"Destinations[{i}]", WithRegion(llm.Destinations[i], "us-east-1")) is { } wrong)
            {
                yield return wrong;
            }
        }

        if (llm.Auth.Get("region") is { } region && !BedrockRegion.IsName(region))
        {
            yield return "Auth.region is not the name of an AWS region (us-east-1, eu-central-1, ...)";
        }
    }

    /// <summary>Looks at what is written only: whether AWS's chain finds keys shows when the first call needs them.</summary>
    public string? MissingCredential(LlmOptions llm)
    {
        bool hasToken = BedrockAuth.BearerToken(llm) is not null;
        bool hasId = llm.Auth.Get("access_key_id") is not null;
        if (!hasToken && hasId != llm.Auth.Get("secret_access_key") is not null)
        {
            return $"half a credential: Auth.access_key_id and Auth.secret_access_key belong together, {(hasId ? "secret_access_key" : "access_key_id")} is not set";
        }

        bool needsRegion = !hasToken || Addresses(llm).Exists(address => Written(address).Contains(Region, StringComparison.Ordinal));
        return needsRegion && BedrockRegion.Of(llm) is null ? RegionIsMissing : null;
    }

    public string NormalizeBase(string configured, LlmOptions llm)
    {
        string address = Written(configured).Trim().TrimEnd('/');
        int model = address.IndexOf("/model/", StringComparison.Ordinal);
        address = model > 0 ? address[..model] : address.EndsWith("/model", StringComparison.Ordinal) ? address[..^6] : address;
        return BedrockRegion.Of(llm, "") is { } region ? WithRegion(address, region) : address;
    }

    public Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}");

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation)
    {
        BedrockHeaders.Clean(request);
        return _auth.ApplyAsync(request, deployment.Options, cancellation);
    }

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts) => exchange.Endpoint.EmbeddingFront is not null
        ? new TranslatedEmbedding(exchange, target, _embeddings)
        : exchange.Endpoint.TokenFront is not null ? CountCall.Open(exchange, target, null)
        : new TranslatedChat(exchange, target, facts, _chat);

    public IChatVendor? GoesOn(RouteTarget target) => BedrockModel.Of(target.Model).Claude is { TakesBeginning: true } ? _chat : null;

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment)
    {
        VendorFailure failure = BedrockErrors.Read(status, response.Headers, body, deployment.Label);
        if (failure.Code == ErrorCode.ProviderAuthFailed)
        {
            _auth.Refused(deployment.Options);
        }

        return failure;
    }

    private string Written(string configured) => string.IsNullOrWhiteSpace(configured) ? Card.DefaultBaseUrl! : configured;

    private static string WithRegion(string address, string region) => address.Replace(Region, region, StringComparison.OrdinalIgnoreCase);

    private static List<string> Addresses(LlmOptions llm) => llm.Destinations.Count > 0 ? llm.Destinations : [llm.BaseUrl];
}
