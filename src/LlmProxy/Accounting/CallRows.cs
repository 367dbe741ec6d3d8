using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Accounting;

/// <summary>Makes the one row of a call from what it has been through so far.</summary>
internal static class CallRows
{
    private const int ClientClosedRequest = 499;
    private const int LongestClientId = 128;

    /// <summary>The call as it stands now, its answer on the way or its end reached.</summary>
    /// <param name="exchange">The call.</param>
    /// <param name="draft">What was written down of it before.</param>
    public static CallRow Of(Exchange exchange, CallRow? draft)
    {
        if (exchange.IsClientGone)
        {
            exchange.Status = exchange.Http.Response.HasStarted ? exchange.Http.Response.StatusCode : ClientClosedRequest;
        }

        TimeSpan duration = exchange.Time.GetElapsedTime(exchange.StartedAt);
        if (exchange.OverheadMs is null && exchange.AttemptsBegun > 0)
        {
            exchange.OverheadMs = Math.Max(0, duration.TotalMilliseconds - (exchange.WaitedTicks * 1000.0 / exchange.Time.TimestampFrequency));
        }

        AttemptRecord? last = exchange.Attempts.Count > 0 ? exchange.Attempts[^1] : null;
        RouteTarget? answered = exchange.Answered;
        draft ??= Draft(exchange, duration, null, default);
        return draft with
        {
            FinishedAt = draft.StartedAt + duration, // A clock that is set in between moves neither.
            Duration = duration,
            Queued = Queued(exchange),
            Status = exchange.Status,
            Llm = answered?.Deployment.Name ?? last?.Llm,
            Provider = answered?.Deployment.ProviderName ?? last?.Provider,
            ProviderRequestId = exchange.ProviderRequestId,
            Attempts = exchange.AttemptsBegun,
            Tries = exchange.TriesNow(),
            Fallback = exchange.FallbackReason,
            Outcome = Outcome(exchange),
            ErrorCode = exchange.Error?.Code.Wire(),
            Usage = exchange.Usage ?? default,
            UsageSource = exchange.Usage is null ? Accounting.UsageSource.None : exchange.Chosen!.UsageSource,
            CostUsd = exchange.CostUsd,
            FirstToken = exchange.IsStream && exchange.FirstOutputAt != 0 ? exchange.Time.GetElapsedTime(exchange.StartedAt, exchange.FirstOutputAt) : null,
            Overhead = exchange.OverheadMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            Cache = exchange.Cache,
            ClientGone = exchange.IsClientGone,
        };
    }

    /// <summary>What the ledger says of the call if this process dies before it says anything else.</summary>
    public static CallRow Draft(Exchange exchange, RouteTarget target, in TokenUsage expected) =>
        Draft(exchange, exchange.Time.GetElapsedTime(exchange.StartedAt), target, expected);

    private static CallRow Draft(Exchange exchange, TimeSpan duration, RouteTarget? target, in TokenUsage expected)
    {
        DateTimeOffset startedAt = CallTime.Of(exchange.CallId) ?? exchange.Time.GetUtcNow() - duration;
        string workspace = exchange.Caller.Workspace;
        return new CallRow
        {
            Id = exchange.Id,
            CallId = exchange.CallId,
            StartedAt = startedAt,
            FinishedAt = startedAt + duration,
            Endpoint = exchange.Endpoint.Name,
            Status = 0,
            Duration = duration,
            ClientRequestId = ClientId(exchange),
            Key = exchange.Caller.Name,
            Workspace = exchange.Snapshot.Workspaces.TryGetValue(workspace, out WorkspaceOptions? known) ? known.Name : workspace, // Its one spelling.
            EndUser = exchange.EndUser,
            RequestedModel = exchange.RequestedModel,
            Queued = Queued(exchange),
            IsStream = exchange.IsStream,
            Tags = Tags(exchange),
            Llm = target?.Deployment.Name,
            Provider = target?.Deployment.ProviderName,
            Attempts = exchange.AttemptsBegun + 1,
            Tries = exchange.TriesNow(),
            Outcome = CallOutcome.Interrupted,
            Usage = expected,
            UsageSource = Accounting.UsageSource.Estimated,
            CostUsd = target is null ? null : PriceBook.Cost(target.Facts, target.Deployment.IsLocal, expected) + exchange.LostCostUsd,
            Cache = exchange.Cache,
        };
    }

    private static TimeSpan? Queued(Exchange exchange) => exchange.QueueMs > 0 ? TimeSpan.FromMilliseconds(exchange.QueueMs) : null;

    private static string Outcome(Exchange exchange) => exchange switch
    {
        { IsClientGone: true } => CallOutcome.ClientGone,
        { IsRefusedByGuard: true } => CallOutcome.Refused,
        { Account.IsCut: true } => CallOutcome.BudgetCut,
        { Error: null, Status: < 400 } => CallOutcome.Success,
        { Error: null, Status: >= 500 or 429 } or { Error.Status: >= 500 or 200 or 429 } => CallOutcome.UpstreamError,
        _ => CallOutcome.ClientError,
    };

    /// <summary>The key's and the request's, each once.</summary>
    private static IReadOnlyList<string> Tags(Exchange exchange)
    {
        List<string> own = exchange.Caller.Key.Tags;
        IReadOnlyList<string> wished = exchange.Wishes.Tags;
        return wished.Count == 0 ? own : own.Count == 0 ? wished : [.. own.Union(wished, StringComparer.Ordinal)];
    }

    private static string? ClientId(Exchange exchange)
    {
        string? id = exchange.Http.Request.Headers.TryGetValue("x-request-id", out Microsoft.Extensions.Primitives.StringValues value) ? value.ToString() : null;
        return id is { Length: > LongestClientId } ? id[..LongestClientId] : id;
    }
}
