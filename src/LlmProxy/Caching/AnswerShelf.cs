using LlmProxy.Caching.Semantic;
using LlmProxy.Caching.Shared;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Caching;

/// <summary>Where the pipeline meets the cache: finds a known answer or a call under way that will have it, or arranges that the new one is kept.</summary>
internal sealed class AnswerShelf(AnswerCache cache, Flights flights, SharedAnswers shared, SimilarQuestions questions)
{
    /// <summary>
    /// The answer, where it is known. Else the call follows an equal one that is under way (<see cref="Exchange.Follows"/>), or
    /// leads (<see cref="Exchange.Flight"/>), or neither: then the cache has nothing to do with it.
    /// </summary>
    public ValueTask<KnownAnswer?> FindAsync(Exchange exchange, RoutePlan plan)
    {
        Wishes wishes = exchange.Wishes;
        if (!cache.IsEnabled || wishes.Cache == CacheWish.Off || exchange.Peek is null || !AnswerCache.Covers(exchange.Endpoint) || !Suits(exchange))
        {
            return default;
        }

        CacheKey key = CallMeaning.KeyOf(exchange);
        exchange.Cache = "miss";
        bool mayRead = wishes.Cache != CacheWish.Refresh;
        if (mayRead && Known(exchange, plan, key) is { } known)
        {
            return new ValueTask<KnownAnswer?>(known);
        }

        if (wishes.Metadata == true)
        {
            return mayRead && shared.IsOn ? AskSharedAsync(exchange, plan, key) : default; // Its own answer is not like the others', and nobody else's.
        }

        Flight own = NewFlight(exchange, key);
        if (!mayRead)
        {
            flights.TryLead(own);
            exchange.Flight = own;
            return default;
        }

        KnownAnswer? landed = Join(exchange, plan, own);
        return landed is null && exchange.Flight is not null && shared.IsOn ? AskSharedAsync(exchange, plan, key) : new ValueTask<KnownAnswer?>(landed);
    }

    public Flight NewFlight(Exchange exchange, in CacheKey key) => new(key, exchange, cache.MostBytes);

    /// <summary>The leader of the flight has ended, or another call has to be the next: the same as at the beginning, but for what was asked before.</summary>
    public KnownAnswer? Join(Exchange exchange, RoutePlan plan, Flight own)
    {
        Flight flight = flights.JoinOrLead(own);
        if (flight != own)
        {
            exchange.Follows = flight;
            return null;
        }

        exchange.Flight = own;
        KnownAnswer? known = Known(exchange, plan, own.Key); // It may have landed while this one was on its way here.
        if (known is not null)
        {
            Release(exchange, known.Kept, null);
        }

        return known;
    }

    /// <summary>The call needs no LLM after all: who follows it has this answer at once.</summary>
    public void Release(Exchange exchange, CachedAnswer kept, double? score)
    {
        if (exchange.Flight is { } flight)
        {
            exchange.Flight = null;
            flights.Remove(flight);
            flight.End(FlightEnd.Landed, kept, score, null);
        }
    }

    /// <summary>A call's part in flights has ended, however it went; where it led, all who follow are told.</summary>
    public void Land(Exchange exchange)
    {
        if (exchange.Follows is { } followed)
        {
            exchange.Follows = null; // Refused before it began to wait.
            followed.Leave(Replay.IsLive(exchange, followed));
        }

        if (exchange.Flight is not { } flight)
        {
            return;
        }

        bool isWhole = IsWhole(exchange, flight);
        CachedAnswer? answer = isWhole && flight.TakeWhole() is { } body ? AnswerOf(exchange, flight, body) : null;
        if (answer is not null && IsKept(exchange))
        {
            TimeSpan life = TimeSpan.FromSeconds(exchange.Wishes.CacheTtlSeconds ?? exchange.Snapshot.Options.Cache.TtlSeconds);
            cache.Keep(flight.Key, answer, life);
            shared.Keep(exchange.Caller.Workspace, flight.Key, answer, life);
            if (flight.Question is { } question && life > TimeSpan.Zero)
            {
                questions.Add(question, flight.Key, exchange.Snapshot.Options.Cache.MaxEntries);
            }
        }

        flight.Disembark();
        exchange.IsClientGone |= flight.IsDetached;
        flights.Remove(flight); // After it is kept: who looks in between finds the one or the other.
        flight.End(isWhole ? FlightEnd.Landed : exchange.Error is null ? FlightEnd.Abandoned : FlightEnd.Failed, answer, null, exchange.Error);
    }

    /// <summary>The answer in this call's form; null where it is not known, or not by an LLM that may answer this caller.</summary>
    public static KnownAnswer? Known(Exchange exchange, RoutePlan plan, CachedAnswer kept, TimeSpan age) =>
        AuthorOf(plan, kept.Llm, kept.DeploymentModel, kept.Fingerprint) is { } target && Replay.Of(exchange, kept, target) is { } body ? new KnownAnswer(body, kept, age, target) : null;

    /// <summary>Who in the plan would answer as that LLM did; null where a reload has made it another.</summary>
    public static RouteTarget? AuthorOf(RoutePlan plan, string llm, string model, UInt128 fingerprint)
    {
        for (int i = 0; i < plan.Targets.Count; i++)
        {
            RouteTarget target = plan.Targets[i];
            if (target.Deployment.Name == llm && target.Model == model && target.Deployment.Fingerprint == fingerprint)
            {
                return target;
            }
        }

        return null;
    }

    private async ValueTask<KnownAnswer?> AskSharedAsync(Exchange exchange, RoutePlan plan, CacheKey key)
    {
        if (await shared.GetAsync(exchange.Caller.Workspace, key) is not { } found || Known(exchange, plan, found.Answer, found.Age) is not { } known)
        {
            return null;
        }

        Release(exchange, found.Answer, null);
        return known;
    }

    private KnownAnswer? Known(Exchange exchange, RoutePlan plan, in CacheKey key) =>
        cache.TryGet(key, out CachedAnswer? kept, out TimeSpan age) ? Known(exchange, plan, kept, age) : null;

    /// <summary>Where only certain answers are kept, a call that wants variety is left alone, unless it says otherwise.</summary>
    private static bool Suits(Exchange exchange)
    {
        if (exchange.Snapshot.Options.Cache.Temperature == CacheTemperature.Any || exchange.Wishes.Cache == CacheWish.On || exchange.Endpoint == EndpointKind.Embeddings)
        {
            return true;
        }

        int member = exchange.Peek!.Members.Find(exchange.Body!.Span, "temperature"u8);
        return member >= 0 && System.Buffers.Text.Utf8Parser.TryParse(exchange.Peek.Members[member].Value(exchange.Body.Span), out double temperature, out _) && temperature == 0;
    }

    /// <summary>A call whose own client has gone counts as 499 in the books; what others have of it is as good as any.</summary>
    private static bool IsWhole(Exchange exchange, Flight flight) =>
        exchange.Error is null && exchange.Answered is not null && exchange.Account is not { IsCut: true } && !flight.IsGivenUp
        && exchange.Chosen is { IsWhole: true }
        && (flight.IsDetached ? exchange.Http.Response.StatusCode : exchange.IsClientGone ? 0 : exchange.Status) == StatusCodes.Status200OK;

    /// <summary>Only what the first choice answered is kept: a stand-in's answer must not outlive the failure.</summary>
    private static bool IsKept(Exchange exchange) =>
        exchange.FallbackReason is null && exchange.TruncatedMessages == 0 && exchange.Chosen is { GoesOnFrom: null };

    private static CachedAnswer AnswerOf(Exchange exchange, Flight flight, byte[] body) => new()
    {
        Body = body,
        ContentType = exchange.Http.Response.ContentType ?? flight.ContentType ?? "application/json",
        IsStream = exchange.IsStream,
        TellsUsage = exchange.Peek!.WantsUsage,
        Provider = exchange.Answered!.Deployment.ProviderName,
        Llm = exchange.Answered.Deployment.Name,
        DeploymentModel = exchange.Answered.Model,
        Fingerprint = exchange.Answered.Deployment.Fingerprint,
        ReportedModel = exchange.ReportedModel,
        Usage = exchange.Usage,
    };
}
