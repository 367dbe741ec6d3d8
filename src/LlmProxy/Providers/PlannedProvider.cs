using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers;

/// <summary>A vendor whose name and settings are known while its dialect is not spoken yet: it is listed and never called.</summary>
internal sealed class PlannedProvider(ProviderCard card) : IProvider
{
    public ProviderCard Card { get; } = card;

    public IEnumerable<string> Check(LlmOptions llm) => [];

    public string NormalizeBase(string configured, LlmOptions llm)
    {
        string written = configured.Trim().TrimEnd('/');
        return written.Length > 0 ? written : Card.DefaultBaseUrl ?? "";
    }

    public Uri ProbeAddress(string baseAddress) => new($"{baseAddress}/{Card.ProbePath}");

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation) => throw NotSpoken();

    public VendorCall Open(Exchange exchange, RouteTarget target) => throw NotSpoken();

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment) => throw NotSpoken();

    private NotSupportedException NotSpoken() => new($"The dialect of {Card.Name} is not spoken by this version; such an LLM is never called.");
}
