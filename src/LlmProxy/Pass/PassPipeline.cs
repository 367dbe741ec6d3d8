using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Guards;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Telemetry;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Pass;

/// <summary>
/// /pass/{llm}/…: anything else of one vendor's API, with its credentials added. One LLM, one try; keys and limits apply
/// and the call is recorded. YARP's own forwarder carries it, bodies unread in both directions.
/// </summary>
internal sealed class PassPipeline(
    SnapshotHolder snapshots, KeyGate keys, Admission admission, Bulkhead bulkhead, IHttpForwarder forwarder, UsageLedger ledger, CallRecorder recorder, GatewayMetrics metrics, BufferBudget budget, Shutdown shutdown, TimeProvider time)
{
    public async Task RunAsync(HttpContext http)
    {
        var exchange = new Exchange(http, EndpointKind.Pass, snapshots.Current, time, budget, shutdown);
        using var answer = new ClientAnswer(exchange);
        using Shutdown.Call running = shutdown.Begin();
        try
        {
            GatewayError? refusal = keys.Admit(exchange) ?? RequestHeaders.Read(exchange);
            Deployment? llm = null;
            refusal ??= PassRules.Find(exchange, out llm);
            refusal ??= GuardRules.RefusePass(exchange, llm!);
            refusal ??= await PassRules.CheckModelAsync(exchange, llm!);
            if (refusal is not null)
            {
                await answer.SendErrorAsync(refusal);
                return;
            }

            var target = new RouteTarget(llm!, llm!.Options.Model);
            if (await admission.AdmitAsync(exchange, CallLimits.OfPass(exchange, target)) is { } limited)
            {
                await answer.SendErrorAsync(limited);
                return;
            }

            await ForwardAsync(exchange, target, answer);
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
            exchange.Account?.Settle();
            recorder.Record(exchange);
            exchange.LetGo();
        }
    }

    private async Task ForwardAsync(Exchange exchange, RouteTarget target, ClientAnswer answer)
    {
        Deployment llm = target.Deployment;
        LlmOptions options = llm.Options;
        LimitDecision place = await bulkhead.EnterEverywhereAsync(options.Name, LimitNumbers.Of(options), 0, isHeld: false, TimeSpan.Zero, exchange.Aborted);
        if (place.Refusal is { } full)
        {
            metrics.RateLimited("llm");
            await answer.SendErrorAsync(full);
            return;
        }

        ClusterDestinationsState states = llm.Cluster!.DestinationsState;
        DestinationState destination = ReplicaPolicies.LeastBusy(states.AvailableDestinations.Count > 0 ? states.AvailableDestinations : states.AllDestinations)!;
        Replica replica = ReplicaPolicies.Of(destination, destination.Model.Config.Address);
        if (ledger.Begin(exchange, target) is { } crowded)
        {
            place.Hold.Dispose();
            await answer.SendErrorAsync(crowded);
            return;
        }

        AttemptFacts attempt = exchange.BeginAttempt();
        var carrier = new PassCarrier(exchange, target, replica, attempt);
        long begun = time.GetTimestamp();
        replica.Enter();
        llm.State.Tags.Enter();
        try
        {
            var config = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromSeconds(Math.Max(options.TimeoutSeconds, options.IdleTimeoutSeconds)) };
            ForwarderError error = await forwarder.SendAsync(exchange.Http, replica.BaseAddress, llm.Cluster.Model.HttpClient, config, carrier, exchange.Aborted);
            await EndAsync(exchange, carrier, error, answer);
        }
        finally
        {
            replica.Leave();
            llm.State.Tags.Leave();
            place.Hold.Dispose();
            string outcome = exchange.IsClientGone ? "client_gone" : exchange.Error?.Code.Wire() ?? "success";
            exchange.EndAttempt(attempt, new AttemptRecord(llm.Name, llm.ProviderName, outcome, time.GetElapsedTime(begun).TotalMilliseconds));
            metrics.AttemptEnded(llm.State.Tags, outcome);
        }
    }

    private static async Task EndAsync(Exchange exchange, PassCarrier carrier, ForwarderError error, ClientAnswer answer)
    {
        HttpContext http = exchange.Http;
        if (carrier.Refused is { } refused)
        {
            await answer.SendErrorAsync(AttemptRun.ErrorOf(refused, carrier.Provider));
            return;
        }

        exchange.Status = http.Response.StatusCode;
        exchange.Answered = carrier.Target;
        if (error == ForwarderError.None)
        {
            return;
        }

        exchange.IsClientGone = http.RequestAborted.IsCancellationRequested;
        if (exchange.IsClientGone)
        {
            return;
        }

        VendorFailure failure = carrier.Explain(error, http.GetForwarderErrorFeature()?.Exception);
        if (http.Response.HasStarted)
        {
            // Half an answer of an unknown kind has no place for an error: the broken connection tells it.
            exchange.Error = AttemptRun.ErrorOf(failure, carrier.Provider);
            answer.Abort();
            return;
        }

        exchange.Answered = null;
        await answer.SendErrorAsync(AttemptRun.ErrorOf(failure, carrier.Provider));
    }
}
