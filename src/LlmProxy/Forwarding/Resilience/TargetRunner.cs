using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Telemetry;
using LlmProxy.Wire;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>
/// Asks one LLM to its end: waits a moment for a place, asks its replicas one after another, its other keys where one is
/// rate limited, and all again after a wait where the failure may pass; and tells its breakers how it went.
/// </summary>
internal sealed class TargetRunner(
    IEnumerable<ILoadBalancingPolicy> policies, Bulkhead bulkhead, AttemptRunner attempts, GatewayMetrics metrics, ILogger<TargetRunner> logger)
{
    /// <summary>How long a call waits for a place at a full LLM while another one may be asked instead.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(250);

    /// <summary>The same for the last one, where the operator has not set QueueSeconds higher.</summary>
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, ILoadBalancingPolicy> _policies = policies.ToDictionary(p => p.Name, StringComparer.Ordinal);

    /// <summary>Failed: nothing of it has reached the client, and what stood in the way is in the run.</summary>
    /// <param name="mayFollow">Whether another LLM can be asked after this one.</param>
    /// <param name="side">Its side, where two LLMs are asked side by side; null: it is asked alone.</param>
    public Task<Verdict> RunAsync(Exchange exchange, RouteTarget target, bool mayFollow, ClientAnswer answer, AttemptRun run, HedgeSide? side = null)
    {
        var turn = new TargetTurn(this, exchange, target, mayFollow, answer, run, side);
        var limits = LimitNumbers.Of(target.Deployment.Options);
        return limits.IsUnlimited ? AskAsync(turn, isAgain: false) : AskWithAPlaceAsync(turn, limits);
    }

    private async Task<Verdict> AskWithAPlaceAsync(TargetTurn turn, LimitNumbers limits)
    {
        (Exchange exchange, RouteTarget target) = (turn.Exchange, turn.Target);
        long tokens = limits.TokensPerMinute > 0 ? CallLimits.Expected(exchange, target).Total : 0;
        LimitDecision place = await EnterAsync(turn, target.Deployment.Options.Name, limits, tokens);
        if (place.WaitedMs > 0)
        {
            exchange.QueueMs += place.WaitedMs;
            turn.Run.Waited(TimeSpan.FromMilliseconds(place.WaitedMs));
        }

        if (place.Refusal is { } full)
        {
            metrics.RateLimited("llm");
            return turn.Run.Skip(target, new VendorFailure(full.Code, full.Message) { RetryAfter = full.RetryAfter });
        }

        try
        {
            return await AskAsync(turn, isAgain: false);
        }
        finally
        {
            // Who failed has used nothing that is known; who answered without saying what it used has used what was expected.
            bool hasAnswered = exchange.Answered?.Asked == target.Asked;
            place.Hold.Settle(hasAnswered ? exchange.Usage?.Total ?? tokens : 0, 0);
        }
    }

    /// <summary>Rounds of its replicas and keys, until one answers or none is left; other rounds after the first where the failure may pass.</summary>
    /// <param name="turn">The LLM's turn.</param>
    /// <param name="isAgain">It is one of those other rounds: whether another follows is not decided here.</param>
    public async Task<Verdict> AskAsync(TargetTurn turn, bool isAgain)
    {
        Deployment llm = turn.Llm;
        if (!llm.State.Breaker.TryEnter(llm.Resilience.Breaker, out bool isProbe))
        {
            return turn.Run.Skip(turn.Target, Resting(turn));
        }

        turn.IsProbe = isProbe;
        Verdict verdict = Verdict.ClientGone;
        try
        {
            IReadOnlyList<DestinationState>? left = Available(llm);
            while (left is not null)
            {
                TimeSpan time = turn.TimeLeft;
                if (time <= TimeSpan.Zero)
                {
                    turn.IsOutOfTime = true;
                    verdict = turn.Run.DeadlinePassed(turn.Target);
                    break;
                }

                turn.Replica = null;
                Replica replica = Pick(turn, left);
                string? key = turn.KeyInUse();
                bool another = turn.MayFollow || left.Count > 1;
                verdict = Verdict.ClientGone;
                try
                {
                    verdict = await attempts.RunAsync(turn, replica, another ? time / 2 : time);
                }
                finally
                {
                    TellReplica(turn, verdict);
                }

                left = LeftAfter(turn, replica, key, verdict, left);
            }
        }
        finally
        {
            TellLlm(turn, verdict);
        }

        return !isAgain && llm.Resilience.Retries.MayAgain(turn, verdict, 0) ? await llm.Resilience.Retries.AgainAsync(turn, verdict) : verdict;
    }

    /// <summary>The first output of a stream, or the whole of a plain answer.</summary>
    public void OutputBegan(TargetTurn turn)
    {
        Deployment llm = turn.Llm;
        Log(llm, llm.State.Breaker.Record(llm.Resilience.Breaker, turn.IsProbe, CallSign.Good), null, null);
        if (turn.Replica is { } replica)
        {
            Log(llm, replica.Breaker.Record(llm.Resilience.Breaker, turn.IsReplicaProbe, CallSign.Good), null, replica);
        }
    }

    /// <summary>Which replicas can be asked at once after a failure: the same where another key is left, else the others; null: none.</summary>
    private static IReadOnlyList<DestinationState>? LeftAfter(TargetTurn turn, Replica replica, string? key, in Verdict verdict, IReadOnlyList<DestinationState> left)
    {
        if (verdict.Kind != VerdictKind.Failed)
        {
            return null;
        }

        VendorFailure failure = verdict.Failure!;
        if (turn.HasAnotherKey(key, failure))
        {
            return left;
        }

        if (failure.Code == ErrorCode.RateLimitExceeded)
        {
            turn.Llm.State.Rate.Refused(failure.RetryAfter);
        }

        return left.Count > 1 && !failure.IsFinal && FailureKinds.IsReplicasOwn(failure) ? Without(left, replica.State) : null;
    }

    /// <summary>Apart from its caller, where every call would pay for what the filter remembers.</summary>
    private static List<DestinationState> Without(IReadOnlyList<DestinationState> all, DestinationState one) => [.. all.Where(other => other != one)];

    private async ValueTask<LimitDecision> EnterAsync(TargetTurn turn, string llm, LimitNumbers limits, long tokens)
    {
        TimeSpan queue = TimeSpan.FromSeconds(turn.Exchange.Snapshot.Options.Limits.QueueSeconds);
        TimeSpan wait = turn.MayFollow ? ShortWait : queue > LastWait ? queue : LastWait;
        TimeSpan left = turn.TimeLeft;
        using CancellationTokenSource? either = turn.Side is null ? null : CancellationTokenSource.CreateLinkedTokenSource(turn.Gone, turn.Superseded);
        bool isHeld = turn.Exchange.HeldLlm == llm;
        return await bulkhead.EnterEverywhereAsync(llm, limits, tokens, isHeld, wait < left ? wait : left, either?.Token ?? turn.Gone);
    }

    private void TellLlm(TargetTurn turn, in Verdict verdict) =>
        Log(turn.Llm, Tell(turn, turn.Llm.State.Breaker, turn.IsProbe, verdict), verdict.Failure, null);

    private void TellReplica(TargetTurn turn, in Verdict verdict)
    {
        if (turn.Replica is { } replica)
        {
            Log(turn.Llm, Tell(turn, replica.Breaker, turn.IsReplicaProbe, verdict), verdict.Failure, replica);
        }
    }

    /// <summary>A breaker that knows of the output already is told only of a break.</summary>
    private static BreakerTurn Tell(TargetTurn turn, Breaker breaker, bool isProbe, in Verdict verdict)
    {
        BreakerRule rule = turn.Llm.Resilience.Breaker;
        CallSign sign = turn.SignOf(verdict);
        return !turn.HasOutput ? breaker.Record(rule, isProbe, sign)
            : sign == CallSign.Bad ? breaker.Broke(rule)
            : BreakerTurn.None;
    }

    private void Log(Deployment llm, BreakerTurn change, VendorFailure? failure, Replica? replica)
    {
        string who = replica?.BaseAddress ?? "all of it";
        if (change == BreakerTurn.Opened)
        {
            BreakerRule rule = llm.Resilience.Breaker;
            logger.BreakerOpened(llm.Name, who, rule.Failures, rule.Seconds, failure!.Code.Wire());
        }
        else if (change == BreakerTurn.Closed)
        {
            logger.BreakerClosed(llm.Name, who);
        }
    }

    private static VendorFailure Resting(TargetTurn turn)
    {
        Deployment llm = turn.Llm;
        TimeSpan left = llm.State.Breaker.RestLeft(llm.Resilience.Breaker);
        TimeSpan wait = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(left.TotalSeconds)));
        string last = llm.State.LastFailure is { } failure ? $", lately with {failure.Code}" : "";
        return new VendorFailure(ErrorCode.NoHealthyProvider, $"{TransportFailures.Who(turn.Target)} is left alone for another {wait.TotalSeconds:0} s: its calls have failed{last}.")
        {
            RetryAfter = wait,
        };
    }

    private Replica Pick(TargetTurn turn, IReadOnlyList<DestinationState> available)
    {
        Deployment llm = turn.Llm;
        if (llm.Replicas.Count < 2)
        {
            return ReplicaOf(llm, available[0]);
        }

        DestinationState destination = available[0];
        if (available.Count > 1)
        {
            turn.Exchange.Http.Features.Set(turn.Exchange);
            destination = _policies[llm.Cluster!.Model.Config.LoadBalancingPolicy!].PickDestination(turn.Exchange.Http, llm.Cluster, available) ?? destination;
        }

        Replica replica = ReplicaOf(llm, destination);
        replica.Breaker.TryEnter(llm.Resilience.Breaker, out bool isProbe);
        turn.Replica = replica;
        turn.IsReplicaProbe = isProbe;
        return replica;
    }

    /// <summary>Those that are believed to be up; when there are none, all of them: nobody else could be asked.</summary>
    private static IReadOnlyList<DestinationState> Available(Deployment llm)
    {
        ClusterDestinationsState states = llm.Cluster!.DestinationsState;
        IReadOnlyList<DestinationState> available = states.AvailableDestinations.Count > 0 ? states.AvailableDestinations : states.AllDestinations;
        if (available.Count < 2)
        {
            return available;
        }

        List<DestinationState>? rested = null;
        for (int i = 0; i < available.Count; i++)
        {
            bool mayTry = ReplicaOf(llm, available[i]).Breaker.MayTry(llm.Resilience.Breaker);
            if (!mayTry && rested is null)
            {
                rested = [.. available.Take(i)];
            }
            else if (mayTry)
            {
                rested?.Add(available[i]);
            }
        }

        return rested is { Count: > 0 } ? rested : available;
    }

    /// <summary>Nearly always one of those that the snapshot holds; YARP may have taken a newer configuration in a moment ago.</summary>
    private static Replica ReplicaOf(Deployment llm, DestinationState destination)
    {
        IReadOnlyList<Replica> known = llm.Replicas;
        for (int i = 0; i < known.Count; i++)
        {
            if (known[i].State == destination)
            {
                return known[i];
            }
        }

        return ReplicaPolicies.Of(destination, destination.Model.Config.Address);
    }
}
