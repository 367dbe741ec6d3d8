using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Caching;
using LlmProxy.Configuration;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Guards;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Routing;

namespace LlmProxy.Pipeline;

/// <summary>The way of every call, in the order it goes. Read this first.</summary>
internal sealed class GatewayPipeline(
    SnapshotHolder snapshots, KeyGate keys, AnswerDesk cache, Admission admission, InputGuard guards, AttemptLoop attempts, UsageLedger ledger, CallRecorder recorder, BufferBudget budget, Shutdown shutdown, TimeProvider time)
{
    /// <param name="addressed">The model, where the address names it and not the body.</param>
    public async Task RunAsync(HttpContext http, EndpointKind endpoint, string? addressed = null)
    {
        var exchange = new Exchange(http, endpoint, snapshots.Current, time, budget, shutdown) { AddressedModel = addressed };
        using var answer = new ClientAnswer(exchange);
        using Shutdown.Call running = shutdown.Begin();
        try
        {
            GatewayError? refusal = keys.Admit(exchange) ?? await RequestReader.ReadAsync(exchange) ?? PromptLimits.Check(exchange) ?? await ServeAsync(exchange, answer);
            if (refusal is not null)
            {
                await answer.SendErrorAsync(refusal);
            }
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
            recorder.Record(exchange);
            exchange.LetGo();
        }
    }

    /// <summary>What a known caller's readable call meets. An error says why it is not answered; null: it is, or was told so.</summary>
    private async ValueTask<GatewayError?> ServeAsync(Exchange exchange, ClientAnswer answer)
    {
        RouteTrace? trace = recorder.BeginTrace(exchange);
        RoutePlan plan = RoutePlanner.PlanFor(RouteQuery.Of(exchange, trace)); // Pure: reads the snapshot, touches nothing.
        recorder.Routed(exchange, trace);
        if (plan.Refusal is { } unplanned)
        {
            return unplanned;
        }

        Truncation.FitPlan(exchange, plan);
        KnownAnswer? known = await cache.FindAsync(exchange, plan);
        LimitSubject subject = CallLimits.Of(exchange, plan, isKnown: known is not null || exchange.Follows is not null);
        long reserved = subject.Tokens;
        if (await admission.AdmitAsync(exchange, subject) is { } limited)
        {
            return limited;
        }

        if (await guards.CheckAsync(exchange, plan, isKnown: known is not null) is { } unwelcome)
        {
            ledger.Admit(exchange);
            return unwelcome;
        }

        known ??= await cache.FindSimilarAsync(exchange, plan);
        if (known is not null)
        {
            ledger.Admit(exchange);
            await cache.SendAsync(exchange, known, answer);
            return null;
        }

        answer.KeepAliveWhereItStreams();
        if (exchange.Follows is not null)
        {
            ledger.Admit(exchange);
            if (await cache.FollowAsync(exchange, plan, answer))
            {
                return null;
            }

            // The place it waited in is its own still; what an LLM may use it did not need until now.
            LimitSubject use = CallLimits.OfUse(exchange, plan);
            reserved = use.Tokens;
            if (await admission.AdmitAsync(exchange, use) is { } unaffordable)
            {
                return unaffordable;
            }
        }

        if (ledger.Begin(exchange, plan.Targets[0], reserved) is { } full)
        {
            return full;
        }

        exchange.Flight?.Board();
        await attempts.RunAsync(exchange, plan, answer);
        await answer.FinishAsync();
        return null;
    }
}
