using LlmProxy.Accounting;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Routing;
using LlmProxy.Telemetry;
using LlmProxy.Telemetry.Logs;

namespace LlmProxy.Pipeline;

/// <summary>What is left of a call when it has ended: its figures in the metrics and its one line in the log.</summary>
internal sealed class CallRecorder(GatewayMetrics metrics, RequestLog log, ILogger<CallRecorder> logger)
{
    private const int ClientClosedRequest = 499;

    /// <summary>A refusal without a limit's word is the shared store's that is away.</summary>
    public void Limited(GatewayError refusal) => metrics.RateLimited(refusal.LimitedBy ?? "store");

    public void Broke(Exception exception, Exchange exchange) => logger.CallBroke(exception, exchange.Id);

    /// <summary>Null for nearly all calls: how an LLM was chosen is written down only where somebody will read it.</summary>
    public RouteTrace? BeginTrace(Exchange exchange)
    {
        if (exchange.Wishes.Explain == true)
        {
            return exchange.Trace = new RouteTrace();
        }

        return logger.IsEnabled(LogLevel.Debug) ? new RouteTrace() : null;
    }

    public void Routed(Exchange exchange, RouteTrace? trace)
    {
        if (trace is not null && logger.IsEnabled(LogLevel.Debug))
        {
            logger.Routed(exchange.RequestedModel ?? "auto", trace, exchange.Id);
        }
    }

    public void Record(Exchange exchange)
    {
        if (exchange.IsClientGone)
        {
            exchange.Status = exchange.Http.Response.HasStarted ? exchange.Http.Response.StatusCode : ClientClosedRequest;
        }

        if (exchange.Answered is { } answered && exchange.CostUsd is null && exchange.Usage is not null)
        {
            exchange.Chosen!.SettleCost(answered);
        }

        TimeSpan duration = exchange.Time.GetElapsedTime(exchange.StartedAt);
        AttemptRecord? last = exchange.Attempts.Count > 0 ? exchange.Attempts[^1] : null;
        LlmTags tags = exchange.Answered is { } answerer ? answerer.Deployment.State.Tags
            : last is not null && exchange.Snapshot.Llms.TryGetValue(last.Llm, out Deployment? llm) ? llm.State.Tags : metrics.None;
        TimeSpan? firstOutput = exchange.FirstOutputAt == 0 ? null : exchange.Time.GetElapsedTime(exchange.StartedAt, exchange.FirstOutputAt);
        if (exchange.OverheadMs is null && exchange.AttemptsBegun > 0)
        {
            exchange.OverheadMs = Math.Max(0, duration.TotalMilliseconds - (exchange.WaitedTicks * 1000.0 / exchange.Time.TimestampFrequency));
        }

        TimeSpan? overhead = exchange.OverheadMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null;
        (TokenUsage own, decimal? ownCost) = (exchange.Usage ?? default, exchange.CostUsd);
        if (exchange.Chosen?.SoFar is { Left.Count: > 0 } continued)
        {
            // An answer of several: what each used is counted as its own.
            (own, ownCost) = (own.Minus(continued.UsageBefore), ownCost - continued.CostBefore);
            foreach (LeftOff left in continued.Left)
            {
                metrics.Used(left.Target.Deployment.State.Tags, left.Usage, left.CostUsd, exchange.Caller.Workspace);
            }
        }

        metrics.CallEnded(tags, new CallFigures
        {
            Status = exchange.Status,
            Duration = duration,
            Endpoint = exchange.Endpoint,
            Overhead = overhead,
            FirstToken = exchange.IsStream ? firstOutput : null,
            Queued = exchange.QueueMs > 0 ? TimeSpan.FromMilliseconds(exchange.QueueMs) : null,
            Error = exchange.Error?.Code,
            Usage = own,
            CostUsd = ownCost,
            Workspace = exchange.Caller.Workspace,
        });
        if (log.IsEnabled || GatewayTracing.IsListenedTo)
        {
            CallRow summary = Summary(exchange, last, duration, firstOutput, overhead);
            log.Write(summary);
            GatewayTracing.Describe(exchange.Http, summary);
        }
    }

    private static CallRow Summary(Exchange exchange, AttemptRecord? last, TimeSpan duration, TimeSpan? firstOutput, TimeSpan? overhead) => new()
    {
        Id = exchange.Id,
        FinishedAt = exchange.Time.GetUtcNow(),
        Endpoint = exchange.Endpoint.Name,
        Status = exchange.Status,
        Duration = duration,
        ClientRequestId = ClientId(exchange),
        Key = exchange.Caller.Name,
        Workspace = exchange.Caller.Workspace,
        EndUser = exchange.EndUser,
        RequestedModel = exchange.RequestedModel,
        Llm = exchange.Answered?.Deployment.Name ?? last?.Llm,
        Provider = exchange.Answered?.Deployment.ProviderName ?? last?.Provider,
        ProviderRequestId = exchange.ProviderRequestId,
        Attempts = exchange.AttemptsBegun,
        Fallback = exchange.FallbackReason,
        Outcome = Outcome(exchange),
        ErrorCode = exchange.Error?.Code.Wire(),
        Usage = exchange.Usage ?? default,
        UsageSource = exchange.Usage is null ? "none" : exchange.Chosen?.SoFar is { IsEstimated: true } ? "estimated" : "reported",
        CostUsd = exchange.CostUsd,
        FirstToken = exchange.IsStream ? firstOutput : null,
        Overhead = overhead,
        Queued = exchange.QueueMs > 0 ? TimeSpan.FromMilliseconds(exchange.QueueMs) : null,
        Cache = exchange.Cache,
        IsStream = exchange.IsStream,
        ClientGone = exchange.IsClientGone,
    };

    private static string Outcome(Exchange exchange)
    {
        if (exchange.IsClientGone)
        {
            return "client_gone";
        }

        return exchange.Error switch
        {
            null => "success",
            { Status: >= 500 } => "upstream_error",
            { Status: 200 } => "upstream_error",
            _ => "client_error",
        };
    }

    private static string? ClientId(Exchange exchange)
    {
        string? id = exchange.Http.Request.Headers.TryGetValue("x-request-id", out Microsoft.Extensions.Primitives.StringValues value) ? value.ToString() : null;
        return id is { Length: > 128 } ? id[..128] : id;
    }
}
