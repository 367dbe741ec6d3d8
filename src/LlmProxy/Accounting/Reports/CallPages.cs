using System.Data.Common;
using System.Globalization;
using Dapper;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Reports;

/// <summary>The ledger page by page, newest first.</summary>
internal static class CallPages
{
    private const string Columns = """
        id, client_request_id, started_at, finished_at, endpoint, key_name, workspace, end_user, requested_model, llm, provider, provider_request_id,
        status, outcome, error_code, attempts, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, usage_source, cost_units,
        ttft_ms, duration_ms, overhead_ms, queue_ms, cache, stream, client_gone, tags
        """;

    private static readonly UtcMoments Moments = new();

    /// <summary>The calls before the cursor, the newest of them first.</summary>
    public static async Task<IReadOnlyList<CallEntry>> ReadAsync(DbConnection connection, DatabaseKind kind, ReportFilter filter, CallCursor cursor, int most, CancellationToken cancellation)
    {
        // Both halves say "not later": the first is what the index understands.
        string sql = $"""
            select {Columns} from llmproxy_calls
            where {filter.Sql} and started_at <= @CursorAt and (started_at < @CursorAt or id < @CursorId)
            order by started_at desc, id desc limit @Most
            """;
        Dictionary<string, object?> values = filter.Values;
        values["CursorAt"] = cursor.StartedAt;
        values["CursorId"] = kind == DatabaseKind.Sqlite ? cursor.Id.ToString("D", CultureInfo.InvariantCulture) : cursor.Id;
        values["Most"] = most;
        var calls = new List<CallEntry>();
        await using DbDataReader reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, values, commandTimeout: ReportDesk.CommandSeconds, cancellationToken: cancellation));
        while (await reader.ReadAsync(cancellation))
        {
            calls.Add(Read(reader));
        }

        return calls;
    }

    private static CallEntry Read(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        ClientRequestId = Text(row, 1),
        StartedAt = Moment(row, 2),
        FinishedAt = Moment(row, 3),
        Endpoint = row.GetString(4),
        Key = Text(row, 5),
        Workspace = Text(row, 6),
        EndUser = Text(row, 7),
        RequestedModel = Text(row, 8),
        Llm = Text(row, 9),
        Provider = Text(row, 10),
        ProviderRequestId = Text(row, 11),
        Status = row.GetInt32(12),
        Outcome = row.GetString(13),
        ErrorCode = Text(row, 14),
        Attempts = row.GetString(15),
        Tokens = new TokenUsage(row.GetInt64(16), row.GetInt64(17), row.GetInt64(18), row.GetInt64(19), row.GetInt64(20)),
        UsageSource = row.GetString(21),
        CostUnits = row.IsDBNull(22) ? null : row.GetInt64(22),
        FirstTokenMs = Number(row, 23),
        DurationMs = row.GetDouble(24),
        OverheadMs = Number(row, 25),
        QueueMs = Number(row, 26),
        Cache = row.GetString(27),
        IsStream = row.GetBoolean(28),
        ClientGone = row.GetBoolean(29),
        Tags = row.GetString(30),
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static double? Number(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetDouble(column);

    private static DateTimeOffset Moment(DbDataReader row, int column) => Moments.Parse(row.GetValue(column));
}
