using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>A call whose client and vendor both speak OpenAI's dialect: the bytes pass, read along the way.</summary>
internal sealed class OpenAiCall(Exchange exchange, RouteTarget target, OpenAiDialectProvider provider) : VendorCall
{
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
        PlainAnswer answer = AnswerReader.Read(exchange.Endpoint, answers[0].Span, target.Deployment.Label);
        if (answer.Failure is null && Identity() is { } identity)
        {
            AnswerRepair.Write(answers[0].Span, identity, client);
        }

        return answer;
    }

    private AnswerIdentity? Identity() => exchange.Endpoint == EndpointKind.Chat
        ? new AnswerIdentity(exchange.Id, target.Model, exchange.Time.GetUtcNow().ToUnixTimeSeconds())
        : null;
}
