using System.Data.Common;
using Dapper;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Reports;

/// <summary>The ledger's calls in groups, dearest first, days in their order.</summary>
internal sealed record UsageReport(IReadOnlyList<UsageGroup> Groups, UsageSums Total, bool IsTruncated)
{
    /// <summary>End users and tags are named by clients: a report shows so many groups at most.</summary>
    public const int MostGroups = 10_000;

    /// <summary>Whole USD and the rest are added up apart, and tokens as reals: a row that says nonsense breaks no sum.</summary>
    private const string Sums = """
        count(*), count(*) filter (where outcome = 'success'),
        count(*) filter (where cost_units is null and (usage_source <> 'none' or (outcome = 'success' and endpoint not in ('count_tokens', 'responses_input_tokens', 'moderations')))),
        count(*) filter (where cache in ('hit', 'semantic')),
        sum(cast(input_tokens as double precision)), sum(cast(cached_tokens as double precision)), sum(cast(cache_write_tokens as double precision)),
        sum(cast(output_tokens as double precision)), sum(cast(reasoning_tokens as double precision)),
        sum(cost_units / 10000000000), sum(cost_units % 10000000000), sum(duration_ms)
        """;

    private const string ByCost = "coalesce(sum(cast(cost_units as double precision)), 0) desc, 3 desc, 1, 2";

    public static async Task<UsageReport> ReadAsync(DbConnection connection, DatabaseKind kind, ReportFilter filter, ReportGroup by, int most, CancellationToken cancellation)
    {
        if (by == ReportGroup.Tag)
        {
            UsageReport tags = await ReadTagsAsync(connection, kind, filter, most, cancellation);
            // A call with two tags is in two groups.
            return tags with { Total = await TotalAsync(connection, kind, filter, cancellation) };
        }

        string order = by switch
        {
            ReportGroup.Everything => "",
            ReportGroup.Day => " group by 1, 2 order by 1 limit @Most",
            _ => $" group by 1, 2 order by {ByCost} limit @Most",
        };
        Dictionary<string, object?> values = filter.Values;
        values["Most"] = most + 1;
        var groups = new List<UsageGroup>();
        await foreach (UsageGroup group in GroupsAsync(connection, Select(by, kind, filter) + order, values, cancellation))
        {
            groups.Add(group);
        }

        if (groups.Count <= most)
        {
            return new UsageReport(groups, groups.Aggregate(default(UsageSums), (sum, group) => sum.Plus(group.Sums)), false);
        }

        groups.RemoveAt(most);
        return new UsageReport(groups, await TotalAsync(connection, kind, filter, cancellation), true);
    }

    public static async Task<UsageSums> TotalAsync(DbConnection connection, DatabaseKind kind, ReportFilter filter, CancellationToken cancellation) =>
        (await ReadAsync(connection, kind, filter, ReportGroup.Everything, 1, cancellation)).Total;

    private static async Task<UsageReport> ReadTagsAsync(DbConnection connection, DatabaseKind kind, ReportFilter filter, int most, CancellationToken cancellation)
    {
        var book = new TagBook(most);
        await foreach (UsageGroup group in GroupsAsync(connection, Select(ReportGroup.Tag, kind, filter) + " group by 1, 2", filter.Values, cancellation))
        {
            book.Add(group.Name, group.Sums);
        }

        return new UsageReport(book.Groups(), default, book.IsFull);
    }

    private static string Select(ReportGroup by, DatabaseKind kind, ReportFilter filter) =>
        $"select {by.Sql(kind)}, {(by == ReportGroup.ProviderModel ? "provider" : "null")}, {Sums} from {CallTable.Name} where {filter.Sql}";

    private static async IAsyncEnumerable<UsageGroup> GroupsAsync(
        DbConnection connection, string sql, Dictionary<string, object?> values, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using DbDataReader reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, values, commandTimeout: ReportDesk.CommandSeconds, cancellationToken: cancellation));
        while (await reader.ReadAsync(cancellation))
        {
            yield return new UsageGroup(Text(reader, 0), Text(reader, 1), SumsOf(reader));
        }
    }

    private static UsageSums SumsOf(DbDataReader reader) => new()
    {
        Calls = reader.GetInt64(2),
        Successful = reader.GetInt64(3),
        Unpriced = reader.GetInt64(4),
        CacheHits = reader.GetInt64(5),
        Tokens = new TokenUsage(Whole(reader, 6), Whole(reader, 7), Whole(reader, 8), Whole(reader, 9), Whole(reader, 10)),
        CostUsd = Exact(reader, 11) + (Exact(reader, 12) / Money.UnitsPerUsd),
        LatencyMs = reader.IsDBNull(13) ? 0 : reader.GetDouble(13),
    };

    private static string? Text(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    /// <summary>Kept so far from the largest number that a few of them can still be added.</summary>
    private static long Whole(DbDataReader reader, int column) => reader.IsDBNull(column) ? 0 : (long)Math.Min(reader.GetDouble(column), long.MaxValue / 1e6);

    private static decimal Exact(DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? 0 : Convert.ToDecimal(reader.GetValue(column), System.Globalization.CultureInfo.InvariantCulture);
}
