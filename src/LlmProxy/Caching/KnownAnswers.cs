using System.Globalization;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Telemetry;
using LlmProxy.Wire;

namespace LlmProxy.Caching;

/// <summary>Sends answers that no LLM was asked for: they cost nothing, and say so.</summary>
internal sealed class KnownAnswers(GatewayMetrics metrics)
{
    public async ValueTask SendAsync(Exchange exchange, KnownAnswer known, ClientAnswer answer)
    {
        AttemptFacts facts = Begin(exchange, known.Target, known.Age, known.Score, known.Kept.ReportedModel);
        ReadOnlyMemory<byte> body = known.Body;
        using PooledWriter? extended = exchange.Wishes.Metadata == true ? AnswerMetadata.Extend(body.Span, exchange, known.Target, facts) : null;
        body = extended?.WrittenMemory ?? body;
        string contentType = exchange.IsStream == known.Kept.IsStream ? known.Kept.ContentType : exchange.IsStream ? exchange.Endpoint.Dialect.StreamType : "application/json";
        if (!exchange.IsStream)
        {
            await answer.SendOwnAsync(contentType, body);
            return;
        }

        await answer.BeginOwnStreamAsync(contentType);
        TimeSpan pace = TimeSpan.FromMilliseconds(exchange.Snapshot.Options.Cache.ReplayDelayMs);
        if (pace > TimeSpan.Zero)
        {
            await PaceAsync(exchange, body, pace, answer);
            return;
        }

        answer.Settle();
        await answer.Writer.WriteAsync(body, CancellationToken.None);
    }

    /// <summary>The call is answered by what this LLM said to another one.</summary>
    public AttemptFacts Begin(Exchange exchange, RouteTarget target, TimeSpan age, double? score, string? reportedModel)
    {
        exchange.Cache = score is null ? "hit" : "semantic";
        exchange.Answered = target;
        var facts = new AttemptFacts(0) { CostUsd = 0m, ReportedModel = reportedModel };
        exchange.Commit(facts);
        IHeaderDictionary headers = exchange.Http.Response.Headers;
        if (!exchange.Http.Response.HasStarted)
        {
            headers.Age = ((long)Math.Max(0, age.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            if (score is { } near)
            {
                headers["x-llm-cache-score"] = near.ToString("0.####", CultureInfo.InvariantCulture);
            }
        }

        metrics.CacheHit(target.Deployment.State.Tags);
        return facts;
    }

    /// <summary>One event after another, as a model would.</summary>
    private static async ValueTask PaceAsync(Exchange exchange, ReadOnlyMemory<byte> body, TimeSpan pace, ClientAnswer answer)
    {
        while (!body.IsEmpty)
        {
            int length = FirstEvent(body.Span);
            if (length == body.Length)
            {
                answer.Settle();
            }

            await answer.Writer.WriteAsync(body[..length], CancellationToken.None);
            body = body[length..];
            if (!body.IsEmpty)
            {
                await Task.Delay(pace, exchange.Time, exchange.Aborted);
            }
        }
    }

    private static int FirstEvent(ReadOnlySpan<byte> body) => new SseFramer().TryRead(body, true, out int consumed, out _) ? consumed : body.Length;
}
