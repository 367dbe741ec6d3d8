using LlmProxy.Accounting.Journal;
using LlmProxy.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace LlmProxy.Accounting.Ledger;

/// <summary>
/// Writes rows into the ledger in one transaction. A row that is there already stays, so that nothing is counted twice,
/// unless it says interrupted and the new one knows better.
/// </summary>
internal static class CallInsert
{
    private static readonly string Conflict =
        $" on conflict (id) do update set {string.Join(", ", CallTable.Columns.Skip(1).Select(column => $"{column} = excluded.{column}"))}"
        + $" where {CallTable.Name}.outcome = '{CallOutcome.Interrupted}' and excluded.outcome <> '{CallOutcome.Interrupted}'";

    private static readonly string Into = $"insert into {CallTable.Name} ({string.Join(", ", CallTable.Columns)}) ";

    private static readonly string OneRow = $"{Into}values ({string.Join(", ", CallTable.Columns.Select(_ => "?"))}){Conflict}";

    private static readonly string ManyRows = $"{Into}select * from unnest({string.Join(", ", CallTable.Columns.Select(column => "@" + column))}){Conflict}";

    /// <summary>Durable when it returns. The ids of what was picked differ from each other.</summary>
    public static Task WriteAsync(IDatabase database, RowBatch rows, ReadOnlyMemory<int> picked, CancellationToken cancellation) => database.WriteAsync(
        (connection, transaction) => connection is NpgsqlConnection postgres
            ? WriteAsync(postgres, StoredCall.Of(rows, picked.Span), cancellation)
            : Task.FromResult(SqliteRows.Write((SqliteConnection)connection, OneRow, rows, picked.Span)),
        cancellation);

    private static async Task<int> WriteAsync(NpgsqlConnection connection, StoredCall[] calls, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = connection.CreateCommand();
        command.CommandText = ManyRows;
        for (int i = 0; i < CallTable.Columns.Length; i++)
        {
            (NpgsqlDbType type, Func<IReadOnlyList<StoredCall>, Array> column) = CallValues.ForPostgres[i];
            command.Parameters.Add(new NpgsqlParameter(CallTable.Columns[i], NpgsqlDbType.Array | type) { Value = column(calls) });
        }

        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
