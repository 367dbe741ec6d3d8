using LlmProxy.Accounting.Journal;
using LlmProxy.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LlmProxy.Accounting.Ledger;

/// <summary>
/// Inserts rows by SQLite's own calls, one prepared statement for all of a batch, and straight from the journal's bytes:
/// strings and the ADO layer would cost more than the insert.
/// </summary>
internal static unsafe class SqliteRows
{
    private const int IdBytes = 36;

    public static int Write(SqliteConnection connection, string sql, RowBatch rows, ReadOnlySpan<int> picked)
    {
        sqlite3 database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, sql, out sqlite3_stmt statement), database);
        using (statement)
        {
            WriteAll(database, statement, rows, picked);
        }

        return picked.Length;
    }

    private static void WriteAll(sqlite3 database, sqlite3_stmt statement, RowBatch rows, ReadOnlySpan<int> picked)
    {
        using var lists = new CallListWriter();
        fixed (byte* held = rows) // What is bound stays bound from row to row, uncopied.
        {
            nint handle = statement.DangerousGetHandle();
            CallFields last = default;
            for (int i = 0; i < picked.Length; i++)
            {
                var row = new CallFields(rows[picked[i]]);
                lists.Write(row);
                int result = Insert(handle, row, last, i == 0, lists);
                if (result != raw.SQLITE_DONE)
                {
                    SqliteException.ThrowExceptionForRC(result, database);
                }

                last = row;
            }
        }
    }

    /// <summary>What this row alone says stands on the stack, or is held, until it is inserted.</summary>
    private static int Insert(nint statement, in CallFields row, in CallFields last, bool isFirst, CallListWriter lists)
    {
        Span<byte> own = stackalloc byte[IdBytes + (2 * UtcMoments.TextBytes)];
        row.Id.TryFormat(own, out _);
        UtcMoments.Write(row.StartedTicks == 0 ? row.FinishedTicks - row.DurationTicks : row.StartedTicks, own[IdBytes..]);
        UtcMoments.Write(row.FinishedTicks, own[(IdBytes + UtcMoments.TextBytes)..]);
        fixed (byte* tries = lists.Tries, tags = lists.Tags)
        {
            var binding = new SqliteBinding(statement, isFirst);
            binding.Text(1, own[..IdBytes]);
            binding.Text(3, own.Slice(IdBytes, UtcMoments.TextBytes));
            binding.Text(4, own[(IdBytes + UtcMoments.TextBytes)..]);
            binding.Text(16, lists.Tries);
            binding.Text(31, lists.Tags);
            Bind(binding, row, last);
            int result = SqliteApi.Step(statement);
            _ = SqliteApi.Reset(statement); // Says what the step said.
            return result;
        }
    }

    /// <summary>The numbers are the places of <see cref="CallTable.Columns"/>.</summary>
    private static void Bind(SqliteBinding binding, in CallFields row, in CallFields last)
    {
        binding.Text(2, row.ClientRequestId, last.ClientRequestId);
        binding.Text(5, row.Endpoint, last.Endpoint);
        binding.Text(6, row.Key, last.Key);
        binding.Text(7, row.Workspace, last.Workspace);
        binding.Text(8, row.EndUser, last.EndUser);
        binding.Text(9, row.RequestedModel, last.RequestedModel);
        binding.Text(10, row.Llm, last.Llm);
        binding.Text(11, row.Provider, last.Provider);
        binding.Text(12, row.ProviderRequestId, last.ProviderRequestId);
        binding.Number(13, row.Status, last.Status);
        binding.Text(14, row.Outcome.Or("interrupted"u8), last.Outcome.Or("interrupted"u8));
        binding.Text(15, row.ErrorCode, last.ErrorCode);
        binding.Number(17, row.Usage.FreshInput, last.Usage.FreshInput);
        binding.Number(18, row.Usage.CachedInput, last.Usage.CachedInput);
        binding.Number(19, row.Usage.CacheWrite, last.Usage.CacheWrite);
        binding.Number(20, row.Usage.Output, last.Usage.Output);
        binding.Number(21, row.Usage.Reasoning, last.Usage.Reasoning);
        binding.Text(22, row.UsageSource.Or("none"u8), last.UsageSource.Or("none"u8));
        binding.Number(23, Money.ToUnits(row.CostUsd), Money.ToUnits(last.CostUsd));
        binding.Milliseconds(24, row.FirstTokenTicks, last.FirstTokenTicks);
        binding.Milliseconds(25, row.DurationTicks, last.DurationTicks);
        binding.Milliseconds(26, row.OverheadTicks, last.OverheadTicks);
        binding.Milliseconds(27, row.QueuedTicks, last.QueuedTicks);
        binding.Text(28, row.Cache.Or("bypass"u8), last.Cache.Or("bypass"u8));
        binding.Number(29, row.IsStream ? 1 : 0, last.IsStream ? 1 : 0);
        binding.Number(30, row.ClientGone ? 1 : 0, last.ClientGone ? 1 : 0);
    }
}
