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
        CallRow row = exchange.Account?.Row ?? CallRows.Of(exchange, draft: null);
        AttemptRecord? last = exchange.Attempts.Count > 0 ? exchange.Attempts[^1] : null;
        LlmTags tags = exchange.Answered is { } answerer ? answerer.Deployment.State.Tags
            : last is not null && exchange.Snapshot.Llms.TryGetValue(last.Llm, out Deployment? llm) ? llm.State.Tags : metrics.None;
        (TokenUsage own, decimal? ownCost) = (exchange.Committed?.Usage ?? default, exchange.AnswerCostUsd);
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
            Duration = exchange.Time.GetElapsedTime(exchange.StartedAt),
            Endpoint = exchange.Endpoint,
            Overhead = row.Overhead,
            FirstToken = row.FirstToken,
            Queued = row.Queued,
            Error = exchange.Error?.Code,
            Usage = own,
            CostUsd = ownCost,
            Workspace = exchange.Caller.Workspace,
        });
        if (log.IsEnabled || GatewayTracing.IsListenedTo)
        {
            log.Write(row);
            GatewayTracing.Describe(exchange.Http, row);
        }
    }
}
