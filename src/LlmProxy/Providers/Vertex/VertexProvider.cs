using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Providers.Gemini;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Vertex;

/// <summary>
/// Google's cloud: Gemini in the developer API's dialect, Claude in Anthropic's, both called with an access token.
/// https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest
/// </summary>
internal sealed class VertexProvider(TimeProvider time, Func<string?, CancellationToken, ValueTask<BearerToken>> signIn) : IProvider
{
    private static readonly string[] PastedPaths = ["/v1", "/v1beta1", "/v1/projects"];

    private const string Remedy =
        "No access token for Google Cloud could be had. Set Auth.credentials_file to a service account's key, or give this machine Application Default Credentials (GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, or an attached service account) with the role Vertex AI User.";

    private readonly ConcurrentDictionary<string, FreshTokens> _tokens = new(StringComparer.Ordinal);
    private readonly GeminiChat _chat = new(GoogleApi.Cloud, PathFor);
    private readonly GeminiTokens _counts = new(GoogleApi.Cloud, PathFor);
    private readonly VertexEmbeddings _embeddings = new();

    public VertexProvider(TimeProvider time)
        : this(time, (source, cancellation) => SignInAsync(source, time, cancellation))
    {
    }

    public ProviderCard Card { get; } = new()
    {
        Name = "vertex",
        DefaultBaseUrl = "https://{location}-aiplatform.googleapis.com",
        AuthKeys = AuthNames.Of("project", "location", "credentials_file", "access_token"),

        // Without one the machine's own credentials are used.
        KeyIsOptional = true,
        Endpoints = [EndpointKind.Chat, EndpointKind.Embeddings],
        ProbePath = "v1/publishers/google/models/gemini-2.5-flash",
        ReportsStreamUsage = false,
    };

    public IEnumerable<string> Check(LlmOptions llm) => GoogleAddresses.Check(llm);

    public string? MissingCredential(LlmOptions llm) => VertexAddress.ProjectOf(llm) is null && !llm.Model.StartsWith("projects/", StringComparison.Ordinal)
        ? "no project: set Auth.project or GOOGLE_CLOUD_PROJECT to the Google Cloud project that is called"
        : null;

    public string NormalizeBase(string configured, LlmOptions llm)
    {
        string address = configured.Trim().TrimEnd('/');
        if (address.Length == 0 || address.Equals(Card.DefaultBaseUrl, StringComparison.OrdinalIgnoreCase))
        {
            return VertexAddress.HostOf(VertexAddress.LocationOf(llm));
        }

        foreach (string path in PastedPaths)
        {
            if (address.EndsWith(path, StringComparison.OrdinalIgnoreCase))
            {
                return address[..^path.Length];
            }
        }

        return address;
    }

    public Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}");

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation)
    {
        if (deployment.Options.Auth.Get("access_token") is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return ValueTask.CompletedTask;
        }

        return AuthorizeByTokenAsync(request, deployment.Options, cancellation);
    }

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts)
    {
        EndpointKind endpoint = exchange.Endpoint;
        return endpoint.EmbeddingFront is not null ? new TranslatedEmbedding(exchange, target, _embeddings)
            : VertexAddress.IsClaude(target.Model) ? VertexClaude.Open(exchange, target, facts)
            : endpoint.TokenFront is not null ? CountCall.Open(exchange, target, _counts)
            : new TranslatedChat(exchange, target, facts, _chat);
    }

    public IChatVendor? GoesOn(RouteTarget target) => VertexAddress.IsClaude(target.Model) ? VertexClaude.GoesOn(target) : null;

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment)
    {
        VendorLabel label = deployment.Label with { CredentialName = "Google credentials and project" };
        return body.IndexOf("\"type\":\"error\""u8) >= 0 || body.IndexOf("\"type\": \"error\""u8) >= 0
            ? AnthropicErrors.Read(status, response.Headers, body, label)
            : GeminiErrors.Read(status, response.Headers, body, label);
    }

    private static string PathFor(ChatTurn turn, string action) => VertexAddress.For(turn.Llm.Options, turn.Target.Model, action);

    // Google.Apis.Auth is loaded by the first LLM that needs it, never at start.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ValueTask<BearerToken> SignInAsync(string? source, TimeProvider time, CancellationToken cancellation) =>
        GoogleSignIn.FetchAsync(source, time, null, cancellation);

    private async ValueTask AuthorizeByTokenAsync(HttpRequestMessage request, LlmOptions llm, CancellationToken cancellation)
    {
        BearerToken token = await TokensOf(VertexAddress.SourceOf(llm)).GetAsync(cancellation);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
        if (token.QuotaProject is { } project)
        {
            request.Headers.Remove("x-goog-user-project");
            request.Headers.TryAddWithoutValidation("x-goog-user-project", project);
        }
    }

    private FreshTokens TokensOf(string? source) =>
        _tokens.GetOrAdd(source ?? "", key => new FreshTokens(time, Remedy, cancellation => signIn(key.Length == 0 ? null : key, cancellation)));
}
