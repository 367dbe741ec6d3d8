using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Anthropic;

/// <summary>A call whose client and vendor both speak Anthropic's dialect: the bytes pass, read along the way.</summary>
internal sealed class AnthropicCall(Exchange exchange, RouteTarget target, AnthropicDialect dialect) : VendorCall
{
    private bool IsCount => exchange.Endpoint == EndpointKind.CountTokens;

    public override string Path
    {
        get
        {
            string path = dialect.PathFor(target.Model, exchange.IsStream, IsCount);

            // The vendor's SDKs ask for their beta API this way; no other part of a client's query is meant for the vendor.
            return exchange.Http.Request.Query.TryGetValue("beta", out var beta) && dialect.NamesModel
                ? $"{path}?beta={Uri.EscapeDataString(beta.ToString())}"
                : path;
        }
    }

    public override HttpContent Write(int request) => AnthropicBody.Write(exchange, target, dialect);

    public override IStreamTranslator OpenStream() => new AnthropicEvents(target.Deployment.Label);

    public override PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, PooledWriter client) =>
        AnthropicFacts.Read(answers[0].Span, IsCount, target);
}
