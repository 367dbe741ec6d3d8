using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LlmProxy.Accounting.Ledger;

/// <summary>
/// Inserts rows by SQLite's own calls, one prepared statement for all of a batch: the ADO layer looks every parameter up by
/// name for every row, which costs more than the insert.
/// </summary>
internal static class SqliteRows
{
    private const int ShortText = 256;

    public static int Write(SqliteConnection connection, string sql, IReadOnlyList<StoredCall> calls)
    {
        sqlite3 database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, sql, out sqlite3_stmt statement), database);
        using (statement)
        {
            foreach (StoredCall call in calls)
            {
                Bind(statement, call);
                int result = raw.sqlite3_step(statement);
                raw.sqlite3_reset(statement);
                if (result != raw.SQLITE_DONE)
                {
                    SqliteException.ThrowExceptionForRC(result, database);
                }
            }
        }

        return calls.Count;
    }

    /// <summary>In the order of <see cref="CallTable.Columns"/>.</summary>
    private static void Bind(sqlite3_stmt row, StoredCall call)
    {
        Text(row, 1, call.Id);
        Text(row, 2, call.ClientRequestId);
        Moment(row, 3, call.StartedAt);
        Moment(row, 4, call.FinishedAt);
        Text(row, 5, call.Endpoint);
        Text(row, 6, call.KeyName);
        Text(row, 7, call.Workspace);
        Text(row, 8, call.EndUser);
        Text(row, 9, call.RequestedModel);
        Text(row, 10, call.Llm);
        Text(row, 11, call.Provider);
        Text(row, 12, call.ProviderRequestId);
        raw.sqlite3_bind_int(row, 13, call.Status);
        Text(row, 14, call.Outcome);
        Text(row, 15, call.ErrorCode);
        Text(row, 16, call.Attempts);
        raw.sqlite3_bind_int64(row, 17, call.InputTokens);
        raw.sqlite3_bind_int64(row, 18, call.CachedTokens);
        raw.sqlite3_bind_int64(row, 19, call.CacheWriteTokens);
        raw.sqlite3_bind_int64(row, 20, call.OutputTokens);
        raw.sqlite3_bind_int64(row, 21, call.ReasoningTokens);
        Text(row, 22, call.UsageSource);
        if (call.CostUnits is { } units)
        {
            raw.sqlite3_bind_int64(row, 23, units);
        }
        else
        {
            raw.sqlite3_bind_null(row, 23);
        }

        Number(row, 24, call.TtftMs);
        Number(row, 25, call.DurationMs);
        Number(row, 26, call.OverheadMs);
        Number(row, 27, call.QueueMs);
        Text(row, 28, call.Cache);
        raw.sqlite3_bind_int(row, 29, call.Stream ? 1 : 0);
        raw.sqlite3_bind_int(row, 30, call.ClientGone ? 1 : 0);
        Text(row, 31, call.Tags);
    }

    private static void Number(sqlite3_stmt row, int column, double? value)
    {
        if (value is { } number)
        {
            raw.sqlite3_bind_double(row, column, number);
        }
        else
        {
            raw.sqlite3_bind_null(row, column);
        }
    }

    private static void Moment(sqlite3_stmt row, int column, DateTimeOffset moment)
    {
        Span<byte> text = stackalloc byte[32];
        _ = moment.UtcDateTime.TryFormat(text, out int length, "yyyy-MM-dd HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        raw.sqlite3_bind_text(row, column, text[..length]);
    }

    private static void Text(sqlite3_stmt row, int column, string? text)
    {
        if (text is null)
        {
            raw.sqlite3_bind_null(row, column);
            return;
        }

        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = most > ShortText ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> utf8 = rented ?? stackalloc byte[ShortText];
        raw.sqlite3_bind_text(row, column, utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
