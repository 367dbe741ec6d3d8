using System.Data.Common;
using Dapper;
using LlmProxy.Storage;

namespace LlmProxy.Limits;

/// <summary>What a key or a workspace has spent, by the ledger's rows.</summary>
internal sealed class LedgerSpend(DatabaseKeeper keeper, ILogger<LedgerSpend> logger) : ISpendReader
{
    private bool _isSaid;

    public async ValueTask<Spend?> ReadAsync(BudgetOwner owner, string name, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellation)
    {
        if (keeper.Current is not { } database)
        {
            return null;
        }

        try
        {
            Spend spent = await SumAsync(database, owner, name, from, before, cancellation);
            _isSaid = false;
            return spent;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            if (!_isSaid)
            {
                logger.SpendNotRead(e.Message);
            }

            _isSaid = true;
            return null;
        }
    }

    public static async Task<Spend> SumAsync(IDatabase database, BudgetOwner owner, string name, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellation)
    {
        string query = Query(owner, database.Target.Kind);
        Row row = await database.ReadAsync(
            connection => QueryAsync(connection, query, new { Name = name, From = from, Before = before }, cancellation), cancellation);
        return new Spend(Whole(row.Units), Whole(row.Tokens));
    }

    private static Task<Row> QueryAsync(DbConnection connection, string query, object values, CancellationToken cancellation) =>
        connection.QuerySingleAsync<Row>(new CommandDefinition(query, values, cancellationToken: cancellation));

    /// <summary>Whole numbers: SQLite adds them up as such, PostgreSQL as numeric.</summary>
    private static string Query(BudgetOwner owner, DatabaseKind kind)
    {
        string sum = kind == DatabaseKind.Sqlite ? "integer" : "numeric";
        string column = owner == BudgetOwner.Key ? "key_name" : "workspace";
        return $"""
            select cast(coalesce(sum(cost_units), 0) as {sum}) as Units,
              cast(coalesce(sum(input_tokens + cached_tokens + cache_write_tokens + output_tokens), 0) as {sum}) as Tokens
            from llmproxy_calls where {column} = @Name and started_at >= @From and started_at < @Before
            """;
    }

    private static long Whole(decimal sum) => sum >= long.MaxValue ? long.MaxValue : Math.Max(0, (long)sum);

    private sealed class Row
    {
        public decimal Units { get; init; }

        public decimal Tokens { get; init; }
    }
}
