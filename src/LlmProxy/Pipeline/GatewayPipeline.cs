using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Caching;
using LlmProxy.Caching.Semantic;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Routing;

namespace LlmProxy.Pipeline;

/// <summary>The way of every call, in the order it goes. Read this first.</summary>
internal sealed class GatewayPipeline(
    SnapshotHolder snapshots, KeyGate keys, AnswerShelf cache, KnownAnswers known, Follower followers, SemanticCache similar, LimitGate limits, AttemptLoop attempts, UsageLedger ledger, CallRecorder recorder, BufferBudget budget, Shutdown shutdown, TimeProvider time)
{
    /// <param name="addressed">The model, where the address names it and not the body.</param>
    public async Task RunAsync(HttpContext http, EndpointKind endpoint, string? addressed = null)
    {
        var exchange = new Exchange(http, endpoint, snapshots.Current, time, budget, shutdown) { AddressedModel = addressed };
        using var answer = new ClientAnswer(exchange);
        using Shutdown.Call running = shutdown.Begin();
        Hold hold = Hold.None;
        Hold? use = null;
        try
        {
            GatewayError? refusal = keys.Admit(exchange) ?? await RequestReader.ReadAsync(exchange);
            if (refusal is not null)
            {
                await answer.SendErrorAsync(refusal);
                return;
            }

            RouteTrace? trace = recorder.BeginTrace(exchange);
            RoutePlan plan = RoutePlanner.PlanFor(RouteQuery.Of(exchange, trace));
            recorder.Routed(exchange, trace);
            if (plan.Refusal is { } unplanned)
            {
                await answer.SendErrorAsync(unplanned);
                return;
            }

            Truncation.FitPlan(exchange, plan);
            KnownAnswer? found = await cache.FindAsync(exchange, plan);
            bool isKnown = found is not null || exchange.Follows is not null;
            LimitDecision decision = await limits.ReserveAsync(CallLimits.Of(exchange, plan, isKnown), exchange.Aborted);
            hold = decision.Hold;
            exchange.QueueMs = decision.WaitedMs;
            exchange.Rate = decision.Rate;
            exchange.TokenRate = decision.Tokens;
            exchange.HeldLlm = decision.HeldLlm;
            if (decision.Refusal is { } limited)
            {
                recorder.Limited(limited);
                await answer.SendErrorAsync(limited);
                return;
            }

            if (found is null && exchange.Flight is not null)
            {
                found = await similar.FindAsync(exchange, plan);
            }

            if (found is not null)
            {
                ledger.Admit(exchange, hold);
                await known.SendAsync(exchange, found, answer);
                return;
            }

            if (exchange.IsStream && endpoint.StreamsEvents && !endpoint.Dialect.KeepAlive.IsEmpty && exchange.Snapshot.Options.Limits.KeepAliveSeconds is > 0 and var keepAlive)
            {
                answer.KeepAliveEvery(TimeSpan.FromSeconds(keepAlive));
            }

            if (exchange.Follows is not null)
            {
                ledger.Admit(exchange, hold);
                if (await followers.RunAsync(exchange, plan, answer))
                {
                    return;
                }

                // The place it waited in is its own still; what an LLM may use it did not need until now.
                LimitDecision alone = await limits.ReserveAsync(CallLimits.OfUse(exchange, plan), exchange.Aborted);
                use = alone.Hold;
                if (alone.Refusal is { } unaffordable)
                {
                    recorder.Limited(unaffordable);
                    await answer.SendErrorAsync(unaffordable);
                    return;
                }
            }

            if (ledger.Begin(exchange, plan.Targets[0], use ?? hold) is { } full)
            {
                await answer.SendErrorAsync(full);
                return;
            }

            exchange.Flight?.Board();
            await attempts.RunAsync(exchange, plan, answer);
        }
        catch (Exception e) when (ClientDeparture.Is(e, http))
        {
            exchange.IsClientGone = true;
        }
        catch (BadHttpRequestException e)
        {
            await answer.SendErrorAsync(RequestReader.Malformed(e));
        }
        catch (Exception e)
        {
            recorder.Broke(e, exchange);
            await answer.SendErrorAsync(new GatewayError(ErrorCode.InternalError, $"The gateway failed on this call. Its log has the details under the request id {exchange.Id}."));
        }
        finally
        {
            cache.Land(exchange);
            exchange.Account?.Settle();
            use?.Dispose();
            hold.Dispose();
            recorder.Record(exchange);
            exchange.LetGo();
        }
    }
}
