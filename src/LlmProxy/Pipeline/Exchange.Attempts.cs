using LlmProxy.Accounting;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Routing;

namespace LlmProxy.Pipeline;

/// <content>Who was tried, how each try ended, and what that makes of the call's usage and cost.</content>
internal sealed partial class Exchange
{
    private AttemptFacts? _committed;
    private AttemptFacts? _lastFailed;
    private List<AttemptFacts>? _rivals;
    private int _attemptsBegun;
    private decimal _knownLostUsd;

    public int AttemptsBegun => Volatile.Read(ref _attemptsBegun);

    /// <summary>The facts that count: of the attempt whose answer goes out, else of the one that failed last.</summary>
    public AttemptFacts? Chosen => _committed ?? _lastFailed;

    public List<AttemptRecord> Attempts { get; } = [];

    /// <summary>The LLM whose answer went to the client.</summary>
    public RouteTarget? Answered { get; set; }

    /// <summary>One more attempt begins.</summary>
    /// <param name="reason">Why it is not the first choice that is asked.</param>
    /// <param name="side">Its side, where two LLMs are asked side by side.</param>
    /// <param name="broken">The answer that it goes on with, where another LLM has left one off.</param>
    public AttemptFacts BeginAttempt(string? reason = null, HedgeSide? side = null, BrokenText? broken = null)
    {
        var attempt = new AttemptFacts(Interlocked.Increment(ref _attemptsBegun))
        {
            FallbackReason = reason,
            Side = side,
            GoesOnFrom = broken,
            SoFar = broken is null ? null : _committed!.SoFar,
        };
        if (side is not null)
        {
            lock (Attempts)
            {
                (_rivals ??= []).Add(attempt);
            }
        }

        return attempt;
    }

    /// <summary>The attempt is over. Without an answer, what it found out stands until another one ends.</summary>
    public void EndAttempt(AttemptFacts attempt, AttemptRecord record)
    {
        attempt.IsEnded = true;
        if (attempt.Side is null)
        {
            Attempts.Add(record);
        }
        else
        {
            lock (Attempts)
            {
                Attempts.Add(record);
            }
        }

        if (attempt == _committed || attempt.IsSuperseded)
        {
            return;
        }

        _lastFailed = attempt;
        if (attempt.Side is null)
        {
            WaitedTicks += attempt.WaitedTicks;
        }
    }

    /// <summary>An attempt whose answer nobody gets has been billed, or is taken for billed.</summary>
    public void Lost(AttemptFacts attempt)
    {
        lock (Attempts)
        {
            if (!attempt.IsCounted)
            {
                attempt.IsCounted = true;
                LostCostUsd += attempt.OwnCostUsd;
                _knownLostUsd += attempt.OwnCostUsd ?? 0m;
            }
        }
    }

    /// <summary>Two LLMs were asked side by side.</summary>
    public bool HasRivals => _rivals is not null;

    /// <summary>The answer is here, and the other LLM of two that were asked side by side is being stopped: it is billed for what it was sent.</summary>
    public void CountRivals(long promptTokens)
    {
        AttemptFacts[] rivals;
        lock (Attempts)
        {
            rivals = [.. _rivals ?? []]; // The one that lost may be beginning another try.
        }

        foreach (AttemptFacts rival in rivals)
        {
            if (rival != _committed && rival is { MayBeBilled: true, IsCounted: false, Turn: { } turn } && Endpoint.CountsTokens)
            {
                rival.Estimate(promptTokens);
                rival.SettleCost(turn.Target);
                Lost(rival);
            }
        }
    }

    /// <summary>How the attempts have ended so far; one that is running now and has the answer counts as a success.</summary>
    public IReadOnlyList<AttemptRecord> TriesNow()
    {
        if (_rivals is null && Attempts.Count == 0)
        {
            return AttemptsBegun > 0 && _committed is { IsEnded: false } && Answered is { } only ? [Success(only, ElapsedMs)] : [];
        }

        lock (Attempts)
        {
            if (_committed is null || Answered is not { } target || Attempts.Count >= AttemptsBegun)
            {
                return [.. Attempts];
            }

            List<AttemptRecord> tries = [.. Attempts];
            foreach (AttemptFacts rival in _rivals ?? [])
            {
                if (rival != _committed && rival is { IsEnded: false, Turn: { } turn })
                {
                    tries.Add(new AttemptRecord(turn.Llm.Name, turn.Llm.ProviderName, "superseded", Time.GetElapsedTime(rival.Side!.BeganAt).TotalMilliseconds));
                }
            }

            if (!_committed.IsEnded)
            {
                tries.Add(Success(target, Math.Max(0, ElapsedMs - Attempts.Sum(a => a.ElapsedMs))));
            }

            return tries;
        }
    }

    private static AttemptRecord Success(RouteTarget target, double ms) => new(target.Deployment.Name, target.Deployment.ProviderName, "success", ms);

    /// <summary>Another LLM has begun to go on with the answer. Its head is out, and the times are the first one's.</summary>
    public void GoOn(AttemptFacts attempt, RouteTarget target)
    {
        _committed = attempt;
        Answered = target;
        attempt.Turn?.OutputBegan();
    }

    /// <summary>The answer is about to begin: what has passed and was no waiting is the gateway's own time.</summary>
    public void Commit(AttemptFacts attempt)
    {
        long now = Time.GetTimestamp();
        long waited = attempt.Side is { } side ? now - side.BeganAt : attempt.WaitedTicks;
        _committed = attempt;
        if (attempt is { Side: not null, Turn: { } turn })
        {
            Account?.Answers(turn.Target);
        }

        FirstOutputAt = now;
        attempt.Turn?.OutputBegan();
        OverheadMs = Math.Max(0, (now - StartedAt - WaitedTicks - waited) * 1000.0 / Time.TimestampFrequency);
    }

    public TokenUsage? Usage => Chosen?.Usage;

    /// <summary>What the call costs: its answer, and every other attempt that its vendor bills. Null: the price of a part is not known.</summary>
    public decimal? CostUsd => AnswerCostUsd + LostCostUsd;

    /// <summary>Of that the answer's own part.</summary>
    public decimal? AnswerCostUsd => _committed is null ? 0m : _committed.CostUsd;

    /// <summary>Of that the part of attempts whose answers nobody got.</summary>
    public decimal? LostCostUsd { get; private set; } = 0m;

    /// <summary>The same, where the price of a part is not known: the other parts.</summary>
    public long LostCostUnits => Money.ToUnits(_knownLostUsd);

    /// <summary><see cref="CostUsd"/>, where the price of a part is not known: the other parts. Budgets count them.</summary>
    public decimal KnownCostUsd => (_committed?.KnownCostUsd ?? 0m) + _knownLostUsd;

    /// <summary>A guard has refused it, or its answer, after it was admitted.</summary>
    public bool IsRefusedByGuard { get; set; }

    /// <summary>The attempt whose answer, or the beginning of one, went to the client.</summary>
    public AttemptFacts? Committed => _committed;

    public string? ReportedModel => Chosen?.ReportedModel;

    public string? ProviderRequestId => Chosen?.ProviderRequestId;

    public string? DroppedParams => Chosen?.DroppedParams;
}

/// <summary>One try at one LLM, and how it ended ("success" or an error code).</summary>
internal sealed record AttemptRecord(string Llm, string Provider, string Outcome, double ElapsedMs);
