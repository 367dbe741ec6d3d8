using System.Text;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>What one call has been through so far, and the error it ends in when nobody answers. Attempts side by side share it.</summary>
internal sealed class AttemptRun(Exchange exchange)
{
    /// <summary>Why another LLM answered: the first was slow, and this one faster.</summary>
    public const string HedgeReason = "hedge";

    private readonly List<Ending> _endings = [];
    private readonly long? _beganAt;
    private RouteTarget? _slow;
    private Ending? _last;

    /// <summary>The answer that is gone on with, where one has broken; null: it has not begun.</summary>
    public BrokenText? GoesOnFrom { get; init; }

    /// <summary>Since when it is tried: the beginning of the call, or the break.</summary>
    public long BeganAt { get => _beganAt ?? exchange.StartedAt; init => _beganAt = value; }

    /// <summary>What is left of the time that all attempts share until the first output. The caller's own limit is for the whole call.</summary>
    public TimeSpan TimeLeft
    {
        get
        {
            if (GoesOnFrom is not null)
            {
                TimeSpan left = TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.DeadlineSeconds) - exchange.Time.GetElapsedTime(BeganAt);
                return exchange.WishedTimeLeft is { } whole && whole < left ? whole : left;
            }

            TimeSpan deadline = TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.DeadlineSeconds);
            if (exchange.Wishes.TimeoutMs is { } wished && wished < deadline.TotalMilliseconds)
            {
                deadline = TimeSpan.FromMilliseconds(wished);
            }

            return deadline - exchange.Time.GetElapsedTime(exchange.StartedAt);
        }
    }

    /// <summary>The call waits between attempts: that is no work of the gateway's own.</summary>
    public void Waited(TimeSpan delay)
    {
        lock (_endings)
        {
            exchange.WaitedTicks += (long)(delay.TotalSeconds * exchange.Time.TimestampFrequency);
        }
    }

    /// <summary>Why others than this one were not the ones that answer; null while it is the first.</summary>
    public string? Reason(RouteTarget current)
    {
        return _last is null && _slow is null ? null : ReasonAfterOthers(current);
    }

    private string? ReasonAfterOthers(RouteTarget current)
    {
        lock (_endings)
        {
            var text = new StringBuilder();
            if (_slow is { } slow && slow.Asked != current.Asked && !_endings.Exists(e => e.Target.Asked == slow.Asked))
            {
                text.Append(slow.Deployment.HeaderName).Append(": ").Append(HedgeReason);
            }

            foreach (Ending ending in _endings.Where(e => e.Target.Asked != current.Asked).Take(8))
            {
                text.Append(text.Length > 0 ? ", " : "").Append(ending.Target.Deployment.HeaderName).Append(": ").Append(ending.Failure.Code.Wire());
            }

            return text.Length > 0 ? text.ToString() : null;
        }
    }

    /// <summary>The LLM that was left for this one; null for the first, and when this one has been asked before.</summary>
    public Ending? LeftBefore(RouteTarget current)
    {
        return _last is null || WasAsked(current) ? null : _last;
    }

    private bool WasAsked(RouteTarget current)
    {
        lock (_endings)
        {
            return _endings.Exists(e => e.Target.Asked == current.Asked && e.WasAsked);
        }
    }

    /// <summary>An attempt has failed. Of one LLM's failures the last one counts.</summary>
    public void Failed(RouteTarget target, VendorFailure failure) => Add(new Ending(target, failure, WasAsked: true));

    /// <summary>It is slow: another one is asked beside it.</summary>
    public void Hedged(RouteTarget target) => _slow = target;

    /// <summary>Two were asked side by side and have failed: they stand in the order in which they were asked, whichever failed first.</summary>
    public void BothFailed(RouteTarget first, RouteTarget second)
    {
        lock (_endings)
        {
            int one = _endings.FindIndex(e => e.Target.Asked == first.Asked);
            int other = _endings.FindIndex(e => e.Target.Asked == second.Asked);
            if (one > other && other >= 0)
            {
                (_endings[one], _endings[other]) = (_endings[other], _endings[one]);
            }

            _last = _endings[Math.Max(one, other)];
        }
    }

    /// <summary>It was not asked, for this reason.</summary>
    public Verdict Skip(RouteTarget target, VendorFailure reason)
    {
        Add(new Ending(target, reason, WasAsked: false));
        return Verdict.Failed(reason);
    }

    public Verdict DeadlinePassed(RouteTarget target) => Skip(target, new VendorFailure(
        ErrorCode.ProviderTimeout, $"{TransportFailures.Who(target)} was not asked any more: the call's deadline had passed.")
    { WontPass = true });

    public GatewayError Outcome()
    {
        lock (_endings)
        {
            return Outcome_NeedsLock();
        }
    }

    public static GatewayError ErrorOf(VendorFailure failure, string? provider) => new(failure.Code, failure.Message)
    {
        Status = failure.Status,
        Param = failure.Param,
        Provider = provider,
        RetryAfter = failure.RetryAfter,
        // What only an operator can mend does not get better by asking again.
        ShouldRetry = failure.Code is ErrorCode.ProviderAuthFailed or ErrorCode.ProviderQuotaExhausted ? false : null,
    };

    private void Add(Ending ending)
    {
        lock (_endings)
        {
            int known = _endings.FindIndex(e => e.Target.Asked == ending.Target.Asked);
            if (known < 0)
            {
                _endings.Add(ending);
            }
            else if (ending.WasAsked || !_endings[known].WasAsked)
            {
                _endings[known] = ending;
            }
            else
            {
                return; // What it said when it was asked is worth more.
            }

            _last = ending;
        }
    }

    private GatewayError Outcome_NeedsLock()
    {
        if (_last is null)
        {
            return new GatewayError(ErrorCode.NoHealthyProvider, "No LLM could be asked.");
        }

        Ending last = _endings.Exists(e => e.WasAsked) && !_last.WasAsked ? _endings.Last(e => e.WasAsked) : _last;
        if (_endings.Count == 1 || ReferenceEquals(last.Failure, Attempt.ShuttingDown))
        {
            return ErrorOf(last.Failure, last.Target.Deployment.ProviderName);
        }

        string list = string.Join(" ", _endings.Select(e => $"[{e.Target.Deployment.Name}] {e.Failure.Code.Wire()}: {e.Failure.Message}"));
        if (_endings.TrueForAll(e => e.Failure.Status == 400) && _endings.Count(e => e.WasAsked) != 1)
        {
            // None of them could be asked this: it is the request, not the LLMs.
            return ErrorOf(last.Failure with { Message = list }, last.Target.Deployment.ProviderName);
        }

        if (last.Failure.IsFinal)
        {
            return ErrorOf(last.Failure, last.Target.Deployment.ProviderName);
        }

        if (_endings.TrueForAll(e => e.Failure.Code.Status() == 429))
        {
            return new GatewayError(ErrorCode.RateLimitExceeded, "Every LLM that could answer is rate limited. " + list)
            {
                RetryAfter = _endings.Min(e => e.Failure.RetryAfter),
            };
        }

        if (_endings.TrueForAll(e => e.Failure.Code == ErrorCode.NoHealthyProvider))
        {
            return new GatewayError(ErrorCode.NoHealthyProvider, "No LLM can be asked now. " + list)
            {
                RetryAfter = _endings.Min(e => e.Failure.RetryAfter),
            };
        }

        return new GatewayError(ErrorCode.AllProvidersFailed, $"All {_endings.Count} LLMs failed. {list}")
        {
            Provider = last.Target.Deployment.ProviderName,
        };
    }

    /// <summary>How one LLM's turn ended, or why it had none.</summary>
    internal sealed record Ending(RouteTarget Target, VendorFailure Failure, bool WasAsked);
}
