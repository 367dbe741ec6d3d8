using System.Globalization;
using Microsoft.Data.Sqlite;

namespace LlmProxy.TestKit;

/// <summary>One row of a gateway's ledger, as its database holds it.</summary>
public sealed record LedgerRow(string Id, string Outcome, int Status, string? Llm, int Attempts, long Input, long Output, string UsageSource, long? CostUnits, string? EndUser);

/// <summary>A gateway's ledger read past the gateway: straight from its database.</summary>
public sealed class Ledger
{
    private const string Sql =
        "select id, outcome, status, coalesce(llm, ''), attempts, input_tokens + cached_tokens + cache_write_tokens, output_tokens, usage_source, coalesce(cast(cost_units as text), ''), coalesce(end_user, '') from llmproxy_calls";

    private readonly Func<Task<List<string[]>>> _read;

    private Ledger(Func<Task<List<string[]>>> read)
    {
        _read = read;
    }

    /// <summary>The SQLite file in a gateway's working directory.</summary>
    public static Ledger In(string workingDirectory)
    {
        SQLitePCL.Batteries_V2.Init();
        return new Ledger(() => ReadAsync(Path.Combine(workingDirectory, "data", "llmproxy.db")));
    }

    public static Ledger In(PostgresServer server, string database) => new(async () =>
        [.. (await server.QueryAsync(database, Sql)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|'))]);

    /// <summary>None before the gateway has made its tables.</summary>
    public async Task<List<LedgerRow>> RowsAsync()
    {
        try
        {
            return [.. (await _read()).Select(Row)];
        }
        catch (Exception e) when (e.Message.Contains("does not exist", StringComparison.Ordinal) || e.Message.Contains("no such table", StringComparison.Ordinal) || e.Message.Contains("unable to open", StringComparison.Ordinal))
        {
            return [];
        }
    }

    /// <summary>The row of this call, as soon as it is there; null when it does not come in that time.</summary>
    public async Task<LedgerRow?> RowAsync(string id, TimeSpan? patience = null)
    {
        using var limit = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(20));
        while (true)
        {
            if ((await RowsAsync()).Find(row => row.Id == id) is { } found)
            {
                return found;
            }

            if (limit.IsCancellationRequested)
            {
                return null;
            }

            await Task.Delay(25);
        }
    }

    private static async Task<List<string[]>> ReadAsync(string file)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        await connection.OpenAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Sql;
        await using SqliteDataReader reader = await command.ExecuteReaderAsync();
        var rows = new List<string[]>();
        while (await reader.ReadAsync())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture)!)]);
        }

        return rows;
    }

    private static LedgerRow Row(string[] columns) => new(
        columns[0],
        columns[1],
        int.Parse(columns[2], CultureInfo.InvariantCulture),
        columns[3].Length == 0 ? null : columns[3],
        System.Text.Json.Nodes.JsonNode.Parse(columns[4])!.AsArray().Count,
        long.Parse(columns[5], CultureInfo.InvariantCulture),
        long.Parse(columns[6], CultureInfo.InvariantCulture),
        columns[7],
        columns[8].Length == 0 ? null : long.Parse(columns[8], CultureInfo.InvariantCulture),
        columns[9].Length == 0 ? null : columns[9]);
}
