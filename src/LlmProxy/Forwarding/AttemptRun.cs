using System.Text;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>What one call has been through so far, and the error it ends in when nobody answers.</summary>
internal sealed class AttemptRun(Exchange exchange)
{
    private readonly List<(RouteTarget Target, VendorFailure Failure)> _failures = [];

    /// <summary>What is left of the time that all attempts share until the first output.</summary>
    public TimeSpan TimeLeft
    {
        get
        {
            TimeSpan deadline = TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.DeadlineSeconds);
            if (exchange.Wishes.TimeoutMs is { } wished && wished < deadline.TotalMilliseconds)
            {
                deadline = TimeSpan.FromMilliseconds(wished);
            }

            return deadline - exchange.Time.GetElapsedTime(exchange.StartedAt);
        }
    }

    /// <summary>Why the first choice is not the one that is asked now; null while it is.</summary>
    public string? Reason
    {
        get
        {
            if (_failures.Count == 0)
            {
                return null;
            }

            var text = new StringBuilder();
            foreach ((RouteTarget target, VendorFailure failure) in _failures.Take(8))
            {
                text.Append(text.Length > 0 ? ", " : "").Append(target.Deployment.HeaderName).Append(": ").Append(failure.Code.Wire());
            }

            return text.ToString();
        }
    }

    public RouteTarget? LastFailed => _failures.Count == 0 ? null : _failures[^1].Target;

    public string LastCode => _failures.Count == 0 ? "" : _failures[^1].Failure.Code.Wire();

    public void Failed(RouteTarget target, VendorFailure failure) => _failures.Add((target, failure));

    /// <summary>The LLM's own limit is reached: the next one is asked.</summary>
    public void Skip(RouteTarget target, GatewayError full) =>
        _failures.Add((target, new VendorFailure(full.Code, full.Message) { RetryAfter = full.RetryAfter }));

    public void DeadlinePassed(RouteTarget target) =>
        _failures.Add((target, new VendorFailure(ErrorCode.ProviderTimeout, $"{TransportFailures.Who(target)} was not asked any more: the call's deadline had passed.")));

    public GatewayError Outcome()
    {
        if (_failures.Count == 0)
        {
            return new GatewayError(ErrorCode.NoHealthyProvider, "No LLM could be asked.");
        }

        (RouteTarget lastTarget, VendorFailure last) = _failures[^1];
        bool isOne = _failures.TrueForAll(f => f.Target.Deployment == lastTarget.Deployment);
        if (isOne || last.IsFinal || ReferenceEquals(last, Attempt.ShuttingDown))
        {
            return ErrorOf(last, lastTarget.Deployment.ProviderName);
        }

        string list = string.Join(" ", _failures.Select(f => $"[{f.Target.Deployment.Name}] {f.Failure.Code.Wire()}: {f.Failure.Message}"));
        if (_failures.TrueForAll(f => f.Failure.Code.Status() == 429))
        {
            return new GatewayError(ErrorCode.RateLimitExceeded, "Every LLM that could answer is rate limited. " + list)
            {
                RetryAfter = _failures.Min(f => f.Failure.RetryAfter),
            };
        }

        if (_failures.TrueForAll(f => f.Failure.Status == 400))
        {
            // None of them could be asked this: it is the request, not the LLMs.
            return ErrorOf(last with { Message = list }, lastTarget.Deployment.ProviderName);
        }

        return new GatewayError(ErrorCode.AllProvidersFailed, $"All {_failures.Select(f => f.Target.Deployment).Distinct().Count()} LLMs failed. {list}")
        {
            Provider = lastTarget.Deployment.ProviderName,
        };
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
}
