using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Caching;

/// <summary>
/// Has a call answered by an equal one that is under way: streams as they come, everything else when it is whole. Where that one
/// ends without an answer, one of those who waited asks in its place and the others follow it; whoever has waited twice in vain
/// asks for itself.
/// </summary>
internal sealed class Follower(AnswerShelf shelf, KnownAnswers answers)
{
    private const int MostFollowed = 2;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(20);

    private static readonly GatewayError Torn = new(ErrorCode.GatewayBusy, "The answer that this call shares with an equal one ended early: that one's budget was spent, or the gateway ran out of memory for it. Ask again.");

    /// <summary>True when the call is answered, or told why not; else an LLM has to be asked.</summary>
    public async Task<bool> RunAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        for (int followed = 1; ; followed++)
        {
            Flight flight = exchange.Follows!;
            bool isLive = Replay.IsLive(exchange, flight);
            try
            {
                if (await FollowAsync(exchange, plan, flight, isLive, answer))
                {
                    return true;
                }
            }
            finally
            {
                exchange.Follows = null;
                flight.Leave(isLive);
            }

            if (followed == MostFollowed)
            {
                return false;
            }

            if (shelf.Join(exchange, plan, shelf.NewFlight(exchange, flight.Key)) is { } known)
            {
                await answers.SendAsync(exchange, known, answer);
                return true;
            }

            if (exchange.Follows is null)
            {
                return false; // It leads now.
            }
        }
    }

    /// <summary>False when that call has no answer for this one, and nothing has been sent.</summary>
    private async Task<bool> FollowAsync(Exchange exchange, RoutePlan plan, Flight flight, bool isLive, ClientAnswer answer)
    {
        using var patience = new CancellationTokenSource(TimeLeft(exchange), exchange.Time);
        using CancellationTokenRegistration gone = exchange.Aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), patience);
        bool hasBegun = false;
        int at = 0;
        while (true)
        {
            FlightView view = flight.Look(isLive);
            if (isLive && view.Published > at && view.End is FlightEnd.Running or FlightEnd.Landed)
            {
                if (!hasBegun)
                {
                    if (!await TryBeginAsync(exchange, plan, flight, answer))
                    {
                        return false;
                    }

                    hasBegun = true;
                    patience.CancelAfter(exchange.WishedTimeLeft is { } left ? Bounded(left) : Timeout.InfiniteTimeSpan);
                }

                at = flight.CopyTo(at, answer.Writer, out bool isLast);
                if (isLast)
                {
                    answer.Settle();
                }

                if ((await answer.Writer.FlushAsync(CancellationToken.None)).IsCompleted)
                {
                    exchange.IsClientGone = true;
                    return true;
                }

                continue;
            }

            if (view.End != FlightEnd.Running)
            {
                return await ArriveAsync(exchange, plan, flight, view.End, hasBegun, answer);
            }

            try
            {
                await view.Changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!exchange.Aborted.IsCancellationRequested)
            {
                await answer.SendErrorAsync(new GatewayError(ErrorCode.ProviderTimeout, "The answer that this call shares with an equal one did not come in time."));
                return true;
            }
        }
    }

    private async ValueTask<bool> ArriveAsync(Exchange exchange, RoutePlan plan, Flight flight, FlightEnd end, bool hasBegun, ClientAnswer answer)
    {
        if (hasBegun)
        {
            if (end != FlightEnd.Landed)
            {
                await answer.SendErrorAsync(flight.Error ?? Torn);
            }

            return true;
        }

        if (flight.Answer is not { } kept || AnswerShelf.Known(exchange, plan, kept, exchange.Time.GetElapsedTime(flight.BegunAt)) is not { } known)
        {
            return false;
        }

        await answers.SendAsync(exchange, known with { Score = flight.Score }, answer);
        return true;
    }

    private async ValueTask<bool> TryBeginAsync(Exchange exchange, RoutePlan plan, Flight flight, ClientAnswer answer)
    {
        if (flight.Leader.Answered is not { } author || AnswerShelf.AuthorOf(plan, author.Deployment.Name, author.Model, author.Deployment.Fingerprint) is not { } target)
        {
            return false;
        }

        answers.Begin(exchange, target, exchange.Time.GetElapsedTime(flight.BegunAt), null, flight.Leader.ReportedModel);
        await answer.BeginOwnStreamAsync(flight.ContentType ?? exchange.Endpoint.Dialect.StreamType);
        return true;
    }

    /// <summary>As long as it would wait for an LLM's first output.</summary>
    private static TimeSpan TimeLeft(Exchange exchange)
    {
        TimeSpan left = TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.DeadlineSeconds) - exchange.Time.GetElapsedTime(exchange.StartedAt);
        return Bounded(exchange.WishedTimeLeft is { } wished && wished < left ? wished : left);
    }

    /// <summary>What a timer takes.</summary>
    private static TimeSpan Bounded(TimeSpan left) => left <= TimeSpan.Zero ? TimeSpan.Zero : left < Longest ? left : Longest;
}
