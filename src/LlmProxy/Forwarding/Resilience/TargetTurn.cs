using LlmProxy.Forwarding.Hedging;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>One LLM's turn in one call: everything that its attempts share. Two turns of one call may run side by side.</summary>
internal sealed class TargetTurn(TargetRunner runner, Exchange exchange, RouteTarget target, bool mayFollow, ClientAnswer answer, AttemptRun run, HedgeSide? side) : IRetried
{
    private List<string>? _keysTried;

    public Exchange Exchange => exchange;

    public RouteTarget Target => target;

    public Deployment Llm => target.Deployment;

    public bool MayFollow => mayFollow;

    public ClientAnswer Answer => answer;

    public AttemptRun Run => run;

    /// <summary>Its side, where two LLMs are asked side by side.</summary>
    public HedgeSide? Side => side;

    public CancellationToken Gone => exchange.Aborted;

    public CancellationToken Superseded => side?.Superseded ?? CancellationToken.None;

    public CancellationToken Stopping => exchange.Shutdown.Forced;

    public int MaxRetries => exchange.Wishes.Retries ?? Llm.Resilience.Retries.MaxRetries;

    public bool MayAsk => Llm.State.Breaker.MayTry(Llm.Resilience.Breaker);

    public TimeSpan TimeLeft => run.TimeLeft;

    /// <summary>The running round is the one call that an open breaker lets through.</summary>
    public bool IsProbe { get; set; }

    /// <summary>The running attempt's replica, where the LLM has several.</summary>
    public Replica? Replica { get; set; }

    public bool IsReplicaProbe { get; set; }

    /// <summary>Output has come: the breakers know already that it works.</summary>
    public bool HasOutput { get; private set; }

    /// <summary>The last attempt had less time than the LLM is given, because its caller wished so.</summary>
    public bool IsCallersHurry { get; set; }

    /// <summary>It was not asked any more: the call's time was over.</summary>
    public bool IsOutOfTime { get; set; }

    /// <summary>A refusal by its content policy lets the next LLM be asked.</summary>
    public bool GoesOnAfterRefusal => mayFollow && exchange.Snapshot.Options.Routing.FallbackOnRefusal;

    public CallSign SignOf(in Verdict verdict) => IsCallersHurry || IsOutOfTime ? CallSign.None : FailureKinds.SignOf(verdict);

    public Task<Verdict> AskAsync() => runner.AskAsync(this, isAgain: true);

    public void Waiting(TimeSpan delay) => run.Waited(delay);

    /// <summary>A stream may go on for minutes after this: its LLM is known to work from here on.</summary>
    public void OutputBegan()
    {
        if (!HasOutput)
        {
            HasOutput = true;
            runner.OutputBegan(this);
        }
    }

    /// <summary>The credential that an attempt is about to use; null where there is no other.</summary>
    public string? KeyInUse()
    {
        if (Llm.Options.Auth.ApiKeys.Count < 2 || ApiKeys.Current(Llm.Options.Auth) is not { } key)
        {
            return null;
        }

        _keysTried ??= [];
        if (!_keysTried.Contains(key))
        {
            _keysTried.Add(key);
        }

        return key;
    }

    /// <summary>Whether a rate-limited call can be sent again with a credential that it has not tried.</summary>
    public bool HasAnotherKey(string? refused, VendorFailure failure)
    {
        if (refused is null || failure.Code is not (ErrorCode.RateLimitExceeded or ErrorCode.ProviderQuotaExhausted))
        {
            return false;
        }

        ApiKeys.Refused(Llm.Options.Auth, refused);
        return ApiKeys.Current(Llm.Options.Auth) is { } next && !_keysTried!.Contains(next);
    }
}
