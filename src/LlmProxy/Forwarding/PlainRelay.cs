using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Carries one whole answer: read to its end before the first byte goes out, so that a broken one can still be replaced.</summary>
internal static class PlainRelay
{
    public static async Task<Verdict> RunAsync(
        Exchange exchange, RouteTarget target, HttpResponseMessage response, Stream vendor, string? mediaType, ClientAnswer answer, AttemptClock clock, long sentAt)
    {
        int limit = exchange.Snapshot.Options.Limits.MaxBodyBytes;
        using var body = new HeldAnswer(exchange.Budget);
        if (response.Content.Headers.ContentLength is { } length && (length > limit || !body.Expect((int)length)))
        {
            return Verdict.Failed(TransportFailures.TooLarge(target, "an answer"));
        }

        try
        {
            int read;
            while ((read = await vendor.ReadAsync(body.Room(), clock.Token)) > 0)
            {
                if (!body.Advance(read, limit))
                {
                    return Verdict.Failed(TransportFailures.TooLarge(target, "an answer"));
                }
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException && !clock.Token.IsCancellationRequested)
        {
            return Verdict.Failed(TransportFailures.InAnswer(target));
        }

        clock.Stop();
        exchange.WaitedTicks += exchange.Time.GetTimestamp() - sentAt;
        bool isText = exchange.Endpoint == Endpoints.EndpointKind.Transcriptions && mediaType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) != true;
        if (!isText)
        {
            PlainAnswer facts = target.Deployment.Provider.ReadAnswer(exchange.Endpoint, body.Written.Span, target.Deployment);
            if (facts.Failure is { } failure)
            {
                return Verdict.Failed(failure);
            }

            exchange.Usage = facts.Usage;
            exchange.ReportedModel = facts.ReportedModel;
            exchange.SettleCost(target);
        }

        exchange.MarkCommitted();
        exchange.Answered = target;
        exchange.KeepAnswer?.Invoke(body.Written);
        if (exchange.Wishes.Metadata == true && !isText)
        {
            using PooledWriter extended = AnswerMetadata.Extend(body.Written.Span, exchange, target);
            await answer.SendPlainAsync(response, target, extended.WrittenMemory);
        }
        else
        {
            await answer.SendPlainAsync(response, target, body.Written);
        }

        return Verdict.Answered;
    }
}
