using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Telemetry;
using LlmProxy.Wire;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>Tries the planned LLMs in order until one answers. Once output has reached the client, no other is tried.</summary>
internal sealed class AttemptLoop(
    IEnumerable<ILoadBalancingPolicy> policies, LimitGate limits, PassiveHealth health, GatewayMetrics metrics, ILogger<AttemptLoop> logger)
{
    private readonly Dictionary<string, ILoadBalancingPolicy> _policies = policies.ToDictionary(p => p.Name, StringComparer.Ordinal);

    public async Task RunAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        var run = new AttemptRun(exchange);
        List<RouteTarget>? resting = null;
        for (int i = 0; i < plan.Targets.Count; i++)
        {
            RouteTarget target = plan.Targets[i];
            if (!target.Deployment.HasAvailableReplica && plan.Targets.Count > 1)
            {
                // Believed to be down: the others go first, and only if they all fail is it asked after all.
                (resting ??= []).Add(target);
                continue;
            }

            bool mayFollow = i < plan.Targets.Count - 1 || resting is not null;
            if (await TryAsync(exchange, target, mayFollow, answer, run))
            {
                return;
            }
        }

        for (int i = 0; i < (resting?.Count ?? 0); i++)
        {
            if (await TryAsync(exchange, resting![i], i < resting.Count - 1, answer, run))
            {
                return;
            }
        }

        await answer.SendErrorAsync(run.Outcome());
    }

    /// <summary>True when the call is over, well or badly.</summary>
    private async Task<bool> TryAsync(Exchange exchange, RouteTarget target, bool mayFollow, ClientAnswer answer, AttemptRun run)
    {
        LlmOptions options = target.Deployment.Options;
        LimitDecision place = limits.TryEnterLlm(options.Name, new LimitNumbers(options.RequestsPerMinute, options.MaxParallel));
        if (place.Refusal is { } full)
        {
            run.Skip(target, full);
            metrics.RateLimited("llm");
            return false;
        }

        try
        {
            return await TryReplicasAsync(exchange, target, mayFollow, answer, run);
        }
        finally
        {
            place.Reservation.Dispose();
        }
    }

    private async Task<bool> TryReplicasAsync(Exchange exchange, RouteTarget target, bool mayFollow, ClientAnswer answer, AttemptRun run)
    {
        IReadOnlyList<DestinationState> available = Available(target.Deployment);
        while (available.Count > 0)
        {
            TimeSpan left = run.TimeLeft;
            if (left <= TimeSpan.Zero)
            {
                run.DeadlinePassed(target);
                return false;
            }

            Replica replica = Pick(exchange, target.Deployment, available);
            bool another = mayFollow || available.Count > 1;
            Verdict verdict = await AttemptAsync(exchange, target, replica, another ? left / 2 : left, answer, run);
            if (verdict.Kind == VerdictKind.Broken)
            {
                await answer.SendErrorAsync(AttemptRun.ErrorOf(verdict.Failure!, target.Deployment.ProviderName));
            }

            if (verdict.Kind != VerdictKind.Failed)
            {
                return true;
            }

            run.Failed(target, verdict.Failure!);
            if (verdict.Failure!.IsFinal || ReferenceEquals(verdict.Failure, Attempt.ShuttingDown))
            {
                await answer.SendErrorAsync(run.Outcome());
                return true;
            }

            if (!IsReplicasOwn(verdict.Failure))
            {
                return false;
            }

            available = [.. available.Where(d => d != replica.State)];
        }

        return false;
    }

    private async Task<Verdict> AttemptAsync(Exchange exchange, RouteTarget target, Replica replica, TimeSpan share, ClientAnswer answer, AttemptRun run)
    {
        LlmTags tags = target.Deployment.State.Tags;
        long begun = exchange.Time.GetTimestamp();
        AttemptFacts facts = exchange.BeginAttempt(run.Reason);
        if (run.LastFailed is { } before && before.Deployment != target.Deployment)
        {
            metrics.FellBack(before.Deployment.State.Tags, tags, run.LastCode);
        }

        facts.Span = GatewayTracing.StartAttempt(exchange.Endpoint, tags, target.Model, facts.Number);
        replica.Enter();
        tags.Enter();
        Verdict verdict;
        try
        {
            verdict = await new Attempt(exchange, target, replica, facts).RunAsync(answer, share);
        }
        finally
        {
            replica.Leave();
            tags.Leave();
        }

        double elapsed = exchange.Time.GetElapsedTime(begun).TotalMilliseconds;
        Note(exchange, target, facts, verdict, begun, elapsed);
        GatewayTracing.EndAttempt(facts.Span, facts.ReportedModel, facts.Usage ?? default, verdict.Failure?.Code.Wire());
        health.Record(target.Deployment, replica, verdict);
        return verdict;
    }

    private void Note(Exchange exchange, RouteTarget target, AttemptFacts facts, in Verdict verdict, long begun, double elapsedMs)
    {
        Deployment llm = target.Deployment;
        string outcome = verdict.Kind switch
        {
            VerdictKind.Answered => "success",
            VerdictKind.ClientGone => "client_gone",
            VerdictKind.Superseded => "superseded",
            _ => verdict.Failure!.Code.Wire(),
        };
        exchange.EndAttempt(facts, new AttemptRecord(llm.Name, llm.ProviderName, outcome, elapsedMs));
        exchange.IsClientGone |= verdict.Kind == VerdictKind.ClientGone;
        metrics.AttemptEnded(llm.State.Tags, outcome);
        if (verdict.Failure is { } failure)
        {
            llm.State.LastFailure = new CallFailure(failure.Code.Wire(), failure.VendorCode ?? "", exchange.Time.GetUtcNow());
            if (SpeaksOfSpeed(failure))
            {
                llm.State.Latency.Failed(elapsedMs);
            }

            logger.AttemptFailed(facts.Number, llm.Name, outcome, failure.VendorCode ?? "-", elapsedMs, exchange.Id);
        }
        else if (verdict.Kind == VerdictKind.Answered)
        {
            llm.State.LastSuccess = exchange.Time.GetUtcNow();
            double firstMs = exchange.FirstOutputAt == 0 ? elapsedMs : exchange.Time.GetElapsedTime(begun, exchange.FirstOutputAt).TotalMilliseconds;
            llm.State.Latency.Measured(firstMs, exchange.IsStream ? elapsedMs : firstMs, facts.Usage?.Output ?? 0);
        }
    }

    private Replica Pick(Exchange exchange, Deployment llm, IReadOnlyList<DestinationState> available)
    {
        DestinationState destination = available[0];
        if (available.Count > 1)
        {
            exchange.Http.Features.Set(exchange);
            string policy = llm.Cluster!.Model.Config.LoadBalancingPolicy!;
            destination = _policies[policy].PickDestination(exchange.Http, llm.Cluster, available) ?? destination;
        }

        return ReplicaPolicies.Of(destination, destination.Model.Config.Address);
    }

    private static IReadOnlyList<DestinationState> Available(Deployment llm)
    {
        ClusterDestinationsState states = llm.Cluster!.DestinationsState;
        return states.AvailableDestinations.Count > 0 ? states.AvailableDestinations : states.AllDestinations;
    }

    /// <summary>Not the caller's own mistake, and nothing that says only who may call: the LLM was slow, or not there.</summary>
    private static bool SpeaksOfSpeed(VendorFailure failure) => IsReplicasOwn(failure) || failure.Code == ErrorCode.RateLimitExceeded;

    /// <summary>A failure that another replica of the same LLM may not share.</summary>
    private static bool IsReplicasOwn(VendorFailure failure) =>
        failure.Code is ErrorCode.ProviderUnreachable or ErrorCode.ProviderError or ErrorCode.ProviderTimeout or ErrorCode.InvalidProviderResponse;
}
