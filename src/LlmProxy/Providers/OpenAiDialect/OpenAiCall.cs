using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>A call whose client and vendor both speak OpenAI's dialect: the bytes pass, read along the way.</summary>
internal sealed class OpenAiCall(Exchange exchange, RouteTarget target, OpenAiDialectProvider provider) : VendorCall
{
    private bool _isRewritten;

    public override bool IsTranslated => _isRewritten;

    public override string Path => provider.PathFor(exchange.Endpoint, target.Deployment.Options, target.Model);

    public override HttpContent Write(int request)
    {
        HttpContent content = OpenAiRequest.Write(exchange, target, provider, out string? dropped);
        Dropped = dropped;
        return content;
    }

    public override IStreamTranslator OpenStream() => OpenAiStreams.Open(
        exchange.Endpoint,
        target.Deployment.Label,
        new OpenAiStreamOptions(exchange.Peek?.WantsUsage == true, exchange.AsksForUsage(target)) { Identity = Identity() });

    public override PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, PooledWriter client)
    {
        PlainAnswer facts = AnswerReader.Read(exchange.Endpoint, answers[0].Span, target.Deployment.Label);
        if (facts.Failure is not null)
        {
            return facts;
        }

        try
        {
            if (exchange.Endpoint == EndpointKind.Chat)
            {
                if (!facts.IsRight)
                {
                    AnswerRepair.Write(answers[0].Span, Identity()!, client);
                    _isRewritten = client.Length > 0;
                }
            }
            else if (exchange.Endpoint == EndpointKind.Embeddings)
            {
                _isRewritten = EmbeddingFormat.Fit(exchange, answers[0].Span, client);
            }

            return facts;
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e) || e is FormatException)
        {
            return new PlainAnswer(null, null, new VendorFailure(ErrorCode.InvalidProviderResponse, $"{TransportFailures.Who(target)} sent an answer that is not what OpenAI's dialect has."));
        }
    }

    private AnswerIdentity? Identity() => exchange.Endpoint == EndpointKind.Chat
        ? new AnswerIdentity(exchange.Id, target.Model, exchange.Time.GetUtcNow().ToUnixTimeSeconds())
        : null;
}
