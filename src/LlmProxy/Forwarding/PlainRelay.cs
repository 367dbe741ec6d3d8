using LlmProxy.Accounting;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tokens;

namespace LlmProxy.Forwarding;

/// <summary>Carries one whole answer: read to its end before the first byte goes out, so that a broken one can still be replaced.</summary>
internal static class PlainRelay
{
    public static async ValueTask<Verdict> RunAsync(
        Exchange exchange, RouteTarget target, AttemptFacts attempt, VendorCall call, HttpResponseMessage response, Stream vendor, string? mediaType, ClientAnswer answer, AttemptClock clock, long sentAt)
    {
        using var body = new HeldAnswer(exchange.Budget);
        if (await ReadAsync(exchange, target, response, vendor, body, clock) is { } broken)
        {
            return Verdict.Failed(broken);
        }

        clock.Stop();
        attempt.WaitedTicks = exchange.Time.GetTimestamp() - sentAt;
        bool isText = exchange.Endpoint == Endpoints.EndpointKind.Transcriptions && mediaType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) != true;
        if (isText)
        {
            attempt.SettleCost(target);
            return !answer.TryClaim(attempt) ? Verdict.Superseded : await SendAsync(exchange, target, attempt, response, null, body.Written, answer);
        }

        return await TranslateAsync(exchange, target, attempt, call, response, [body.Written], answer);
    }

    /// <summary>Null when all of it is there.</summary>
    public static async ValueTask<VendorFailure?> ReadAsync(
        Exchange exchange, RouteTarget target, HttpResponseMessage response, Stream vendor, HeldAnswer body, AttemptClock clock)
    {
        int limit = exchange.Snapshot.Options.Limits.MaxBodyBytes;
        if (response.Content.Headers.ContentLength is { } length)
        {
            if (length > limit)
            {
                return TransportFailures.TooLarge(target, "an answer");
            }

            body.Expect((int)length);
        }

        try
        {
            int read;
            while ((read = await vendor.ReadAsync(body.Room(), clock.Token)) > 0)
            {
                if (!body.Advance(read, limit))
                {
                    return body.LacksMemory ? TransportFailures.NoMemory() : TransportFailures.TooLarge(target, "an answer");
                }
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException && !clock.Token.IsCancellationRequested)
        {
            return TransportFailures.InAnswer(target);
        }

        return null;
    }

    /// <summary>Reads what the answers say and sends them on, in the client's dialect.</summary>
    public static async ValueTask<Verdict> TranslateAsync(
        Exchange exchange, RouteTarget target, AttemptFacts attempt, VendorCall call, HttpResponseMessage response, IReadOnlyList<ReadOnlyMemory<byte>> answers, ClientAnswer answer)
    {
        using var translated = new PooledWriter();
        PlainAnswer facts = call.ReadAnswer(answers, translated);
        if (facts.Failure is { } failure)
        {
            return Verdict.Failed(failure);
        }

        ReadOnlyMemory<byte> bytes = call.IsTranslated ? translated.WrittenMemory : answers[0];
        attempt.Usage = facts.Usage;
        attempt.IsWhole = true;
        attempt.ReportedModel = facts.ReportedModel;
        if (facts.Usage is null && exchange.Endpoint.CountsTokens && call.Requests > 0)
        {
            attempt.OutputSoFar = exchange.Endpoint.ChatFront is null ? 0 : OutputSize.Estimate(bytes.Span);
            attempt.Estimate(exchange.Account?.PromptTokens ?? PromptSize.Quickly(exchange));
        }

        if (!exchange.Endpoint.CountsTokens)
        {
            attempt.UnitCostUsd = UnitPrices.Cost(exchange, target, bytes.Span);
        }

        attempt.SettleCost(target);
        if (attempt.Turn is { GoesOnAfterRefusal: true } && BareRefusal.Is(bytes.Span))
        {
            return Verdict.Failed(TransportFailures.Refused(target));
        }

        if (!answer.TryClaim(attempt))
        {
            return Verdict.Superseded;
        }

        string? contentType = !call.IsTranslated ? null : exchange.IsStream ? exchange.Endpoint.Dialect.StreamType : "application/json";
        if (exchange.Wishes.Metadata == true && !exchange.IsStream)
        {
            exchange.Commit(attempt);
            using PooledWriter extended = AnswerMetadata.Extend(bytes.Span, exchange, target, attempt);
            return await SendAsync(exchange, target, attempt, response, contentType, extended.WrittenMemory, answer);
        }

        return await SendAsync(exchange, target, attempt, response, contentType, bytes, answer);
    }

    private static async ValueTask<Verdict> SendAsync(
        Exchange exchange, RouteTarget target, AttemptFacts attempt, HttpResponseMessage response, string? contentType, ReadOnlyMemory<byte> body, ClientAnswer answer)
    {
        exchange.Commit(attempt);
        exchange.Answered = target;
        if (exchange.Aborted.IsCancellationRequested && attempt.UsageSource == UsageSource.Reported)
        {
            attempt.UsageSource = UsageSource.Drained;
        }

        await answer.SendPlainAsync(response, target, contentType, body);
        return Verdict.Answered;
    }
}
