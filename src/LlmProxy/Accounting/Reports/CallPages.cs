using System.Data.Common;
using Dapper;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Reports;

/// <summary>The ledger page by page, newest first.</summary>
internal static class CallPages
{
    /// <summary>The calls before the cursor, the newest of them first.</summary>
    public static async Task<IReadOnlyList<StoredCall>> ReadAsync(DbConnection connection, DatabaseKind kind, ReportFilter filter, CallCursor cursor, int most, CancellationToken cancellation)
    {
        // SQLite looks up one upper bound in its index: it must be the cursor's, or every page would read all before it.
        DateTimeOffset end = cursor.StartedAt.AddMicroseconds(1);
        filter = filter with { Range = filter.Range with { To = end < filter.Range.To ? end : filter.Range.To } };

        // The order names the table: else PostgreSQL would sort by the text that the id is selected as.
        string sql = $"""
            select {CallTable.Select} from {CallTable.Name}
            where {filter.Sql} and (started_at < @CursorAt or id < @CursorId)
            order by {CallTable.Name}.started_at desc, {CallTable.Name}.id desc limit @Most
            """;
        Dictionary<string, object?> values = filter.Values;
        values["CursorAt"] = cursor.StartedAt;
        values["CursorId"] = IdValue(kind, cursor.Id.ToString());
        values["Most"] = most;
        return [.. await connection.QueryAsync<StoredCall>(new CommandDefinition(sql, values, commandTimeout: ReportDesk.CommandSeconds, cancellationToken: cancellation))];
    }

    /// <summary>An id as the database compares it.</summary>
    public static object IdValue(DatabaseKind kind, string id) => kind == DatabaseKind.Sqlite ? id : Guid.Parse(id);
}
