using LlmProxy.Accounting;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Accounting.Reports;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>GET /admin/api/requests: the ledger, newest first; as JSON a page, as CSV all of it.</summary>
internal sealed class CallRoutes(ReportCounter counter, TimeProvider time)
{
    private static readonly string[] Parameters = ["from", "to", "key", "workspace", "llm", "status", "limit", "cursor"];

    internal static readonly ReportColumn<StoredCall>[] Columns =
    [
        new("id", call => call.Id),
        new("client_request_id", call => call.ClientRequestId),
        new("started_at", call => call.StartedAt),
        new("finished_at", call => call.FinishedAt),
        new("endpoint", call => call.Endpoint),
        new("key", call => call.KeyName),
        new("workspace", call => call.Workspace),
        new("end_user", call => call.EndUser),
        new("requested_model", call => call.RequestedModel),
        new("llm", call => call.Llm),
        new("provider", call => call.Provider),
        new("provider_request_id", call => call.ProviderRequestId),
        new("status", call => call.Status),
        new("outcome", call => call.Outcome),
        new("error_code", call => call.ErrorCode),
        new("attempts", call => ReportCell.OfJson(call.Attempts)),
        new("input_tokens", call => call.InputTokens),
        new("cached_tokens", call => call.CachedTokens),
        new("cache_write_tokens", call => call.CacheWriteTokens),
        new("output_tokens", call => call.OutputTokens),
        new("reasoning_tokens", call => call.ReasoningTokens),
        new("usage_source", call => call.UsageSource),
        new("cost_usd", call => call.CostUnits is { } units ? UsageColumns.Shorten(Money.ToUsd(units)) : default(ReportCell)),
        new("ttft_ms", call => call.TtftMs),
        new("duration_ms", call => call.DurationMs),
        new("overhead_ms", call => call.OverheadMs),
        new("queue_ms", call => call.QueueMs),
        new("cache", call => call.Cache),
        new("stream", call => call.Stream),
        new("client_gone", call => call.ClientGone),
        new("tags", call => ReportCell.OfJson(call.Tags)),
    ];

    public Task<GatewayError?> ListAsync(HttpContext http, GatewaySnapshot snapshot) => counter.AskAsync(async database =>
    {
        ReportFilter filter = null!;
        int limit = 0;
        CallCursor cursor = CallCursor.Newest;
        if ((ReportQuery.Read(http.Request.Query, Parameters, out ReportQuery query)
            ?? query.ReadFilter(snapshot, time.GetUtcNow(), out filter)
            ?? query.ReadNumber("limit", ReportQuery.UsualRows, ReportQuery.MostRows, out limit)
            ?? ReadCursor(query, out cursor)) is { } wrong)
        {
            return wrong;
        }

        Task<IReadOnlyList<StoredCall>> ReadAsync(CallCursor before, int most) => database.AskAsync(
            (connection, kind, stop) => CallPages.ReadAsync(connection, kind, filter, before, most, stop), http.RequestAborted);

        if (ReportAnswer.IsCsv(http.Request) && query.Find("limit") is null)
        {
            // No connection is kept while a slow reader takes its time.
            return await ReportAnswer.SendCsvAsync(
                http, "requests", Columns, await ReadAsync(cursor, ReportQuery.MostRows), page => ReadAsync(CallCursor.After(page[^1]), ReportQuery.MostRows));
        }

        // One more than asked for says whether there is a next page.
        IReadOnlyList<StoredCall> calls = await ReadAsync(cursor, limit + 1);
        string? next = calls.Count > limit ? CallCursor.After(calls[limit - 1]).ToString() : null;
        if (ReportAnswer.IsCsv(http.Request) && next is not null)
        {
            http.Response.Headers["x-next-cursor"] = next;
        }

        return await ReportAnswer.SendAsync(http, "requests", Columns, [.. calls.Take(limit)], static _ => { }, after: json => json.WriteString("next_cursor", next));
    });

    private static GatewayError? ReadCursor(ReportQuery query, out CallCursor cursor)
    {
        cursor = CallCursor.Newest;
        return query.Find("cursor") is not { } text || CallCursor.TryRead(text, out cursor) ? null : GatewayError.Invalid("cursor", "cursor must be the next_cursor of an earlier answer.");
    }
}
