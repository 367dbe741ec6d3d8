using System.Globalization;
using System.Text;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Telemetry;

namespace LlmProxy.Caching;

/// <summary>Where the pipeline meets the cache: serves a known answer, or arranges that the new one is kept.</summary>
internal sealed class AnswerShelf(AnswerCache cache, GatewayMetrics metrics)
{
    private const string ContentType = "application/json";

    /// <summary>The answer, where it is known; else null, and it is arranged that the new one is kept.</summary>
    public KnownAnswer? Find(Exchange exchange, RoutePlan plan)
    {
        Wishes wishes = exchange.Wishes;
        if (!cache.IsEnabled || wishes.Cache == CacheWish.Off || wishes.Metadata == true || exchange.Peek is null || !AnswerCache.Covers(exchange.Endpoint, exchange.IsStream))
        {
            return null;
        }

        CacheKey key = KeyOf(exchange);
        if (wishes.Cache != CacheWish.Refresh && cache.TryGet(key, out CachedAnswer? known, out TimeSpan age))
        {
            return new KnownAnswer(known, age, plan.Targets.FirstOrDefault(t => t.Deployment.Name == known.Llm) ?? plan.Targets[0]);
        }

        exchange.Cache = "miss";
        CacheOptions options = exchange.Snapshot.Options.Cache;
        TimeSpan life = TimeSpan.FromSeconds(wishes.CacheTtlSeconds ?? options.TtlSeconds);
        exchange.KeepAnswer = body => Keep(exchange, key, body, life);
        return null;
    }

    public async ValueTask ServeAsync(Exchange exchange, KnownAnswer known, ClientAnswer answer)
    {
        exchange.Cache = "hit";
        exchange.Answered = known.Target;
        exchange.Commit(new AttemptFacts(0) { CostUsd = 0m, ReportedModel = known.Answer.ReportedModel });
        exchange.Http.Response.Headers.Age = ((long)known.Age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        metrics.CacheHit(known.Target.Deployment.State.Tags);
        await answer.SendOwnAsync(known.Answer.ContentType, known.Answer.Body);
    }

    /// <summary>Only what the first choice answered is kept: a stand-in's answer must not outlive the failure.</summary>
    private void Keep(Exchange exchange, in CacheKey key, ReadOnlyMemory<byte> body, TimeSpan life)
    {
        if (exchange.FallbackReason is not null || exchange.Answered is not { } target)
        {
            return;
        }

        cache.Keep(key, new CachedAnswer
        {
            Body = body.ToArray(),
            ContentType = ContentType,
            Provider = target.Deployment.ProviderName,
            Llm = target.Deployment.Name,
            ReportedModel = exchange.ReportedModel,
            Usage = exchange.Usage,
        }, life);
    }

    /// <summary>The body without its "llm" object: what it asks of the gateway counts by its meaning, not by its letters.</summary>
    private static CacheKey KeyOf(Exchange exchange)
    {
        RequestPeek peek = exchange.Peek!;
        ReadOnlySpan<byte> body = exchange.Body!.Span;
        if (peek.WishesMember >= 0)
        {
            Wire.JsonMember wishes = peek.Members[peek.WishesMember];
            byte[] without = new byte[body.Length - (wishes.ValueEnd - wishes.NameStart)];
            body[..wishes.NameStart].CopyTo(without);
            body[wishes.ValueEnd..].CopyTo(without.AsSpan(wishes.NameStart));
            body = without;
        }

        Wishes wish = exchange.Wishes;
        string meaning = $"{wish.Provider}\n{wish.Chain}\n{wish.LocalOnly}\n{wish.PreferLocal}\n{wish.Strict}\n{wish.Strategy}\n{string.Join(',', wish.Capabilities)}\n{wish.Task}\n{wish.Truncate}";
        return CacheKey.Compute(exchange.Endpoint, exchange.Caller.Workspace, Encoding.UTF8.GetBytes(exchange.RequestedModel ?? ""), Encoding.UTF8.GetBytes(meaning), body);
    }
}
